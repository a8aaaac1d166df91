"""What a worker and its supervisor say to each other, over a socket pair that breaks when either of them is gone."""

import asyncio
import logging
import socket
from typing import Self

import msgspec

from hubbub.django.tallies import Family

logger = logging.getLogger("hubbub.workers")

LONGEST = 64_000_000
"""Bytes of one message: more is no message."""


class Serving(msgspec.Struct, tag=True):
    """The worker serves."""


class Counted(msgspec.Struct, tag=True):
    """What the worker has counted, and whether it asks for all of them together."""

    tally: list[Family]
    asks: bool = False


class Together(msgspec.Struct, tag=True):
    """The supervisor's answer."""

    tally: list[Family]


Said = Serving | Counted | Together

_decoder = msgspec.msgpack.Decoder(Said)


class Line:
    """One end of it, on the loop that opened it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._complained = False

    @classmethod
    async def open(cls, end: socket.socket) -> Self:
        reader, writer = await asyncio.open_unix_connection(sock=end)
        writer.transport.set_write_buffer_limits(0)  # ``flush`` is about the last byte.
        return cls(reader, writer)

    def say(self, said: Said) -> None:
        """Never waits, and never fails: where the other is gone, ``hear`` says so."""
        message = msgspec.msgpack.encode(said)
        self._writer.write(len(message).to_bytes(4) + message)

    async def hear(self) -> Said | None:
        """What the other says next; None once it is gone. What can't be understood is left out."""
        while True:
            try:
                size = int.from_bytes(await self._reader.readexactly(4))
                if size > LONGEST:
                    return None
                said: Said = _decoder.decode(await self._reader.readexactly(size))
            except (OSError, EOFError):
                return None
            except msgspec.DecodeError as error:
                # After an update, a new worker's supervisor is still the old one.
                if not self._complained:
                    logger.warning("A worker and its supervisor don't understand each other: %s.", error)
                self._complained = True
                continue
            return said

    async def flush(self) -> None:
        """Wait until what was said has left this process: where the other is stopped, until it goes on."""
        try:
            await self._writer.drain()
        except OSError:
            return

    def close(self) -> None:
        self._writer.close()
