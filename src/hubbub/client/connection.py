"""One connection, from its first frame to its end."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from hubbub.client.errors import Disconnected, TooBig, error_of
from hubbub.client.frames import Command, Ready, ServerFrame, read_frame, write_frame
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Position

logger = logging.getLogger("hubbub.client")

Answer = msgspec.Raw | HubbubError
"""The ``ok`` of a reply, or why there is none."""

ABNORMAL = 1006
"""What is said of a connection that ended without a close frame."""


def close_code(error: ConnectionClosed) -> int:
    """The server's close code, or 1006 where it sent none."""
    return error.rcvd.code if error.rcvd is not None else ABNORMAL


class Connection:
    """A WebSocket on which the server has said ``ready``. ``run`` reads it until it ends.

    ``send`` never waits: a writer of its own keeps the order, so nobody who is cancelled leaves half a frame.
    """

    def __init__(self, socket: ClientConnection, ready: Ready, reply_timeout: float) -> None:
        self.ready = ready
        self.ended = False
        self._socket = socket
        self._reply_timeout = reply_timeout
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._last_id = 0
        self._calls: dict[int, tuple[Callable[[Answer], None], asyncio.TimerHandle]] = {}
        self._outgoing: deque[bytes] = deque()
        self._wakes_writer = asyncio.Event()

    async def run(self, receive: Callable[[ServerFrame], None]) -> int:
        """Read frames, answer pings, find out when the server is gone (rule HRT-1). Returns the close code."""
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [tasks.create_task(self._write()), tasks.create_task(self._watch())]
                try:
                    return await self._read(receive)
                finally:
                    for helper in helpers:
                        helper.cancel()
        finally:
            self._end()

    def send(self, command: Command) -> None:
        """Send a command without an answer; lost where the connection has ended."""
        if not self.ended:
            self._outgoing.append(write_frame(command))
            self._wakes_writer.set()

    def ask(
        self,
        type: str,
        answered: Callable[[Answer], None],
        topic: str | None = None,
        data: msgspec.Raw | None = None,
        since: Position | None = None,
    ) -> int:
        """Send a command; ``answered`` is called once, before the next frame is read. Returns the command's id.

        Raises Disconnected where the connection has ended already, and TooBig.
        """
        if self.ended:
            raise Disconnected
        self._last_id += 1
        id = self._last_id
        raw = write_frame(Command(type, id, topic, since, msgspec.UNSET if data is None else data))
        if len(raw) > self.ready.limits.frame_bytes:
            # The server would close the connection for good; better to fail this one alone.
            raise TooBig
        self._outgoing.append(raw)
        self._wakes_writer.set()
        # When nothing at all comes back, it is the connection that is dead.
        check = self._loop.call_later(self._reply_timeout, self._check_heard, self._loop.time())
        self._calls[id] = (answered, check)
        return id

    async def request(self, type: str, topic: str | None = None, data: msgspec.Raw | None = None) -> msgspec.Raw:
        """Send a command; returns the ``ok`` of its reply (rule ENV-3).

        Raises the server's error, Disconnected when the connection ends before, and TooBig.
        """
        answer: asyncio.Future[Answer] = self._loop.create_future()
        id = self.ask(type, lambda found: None if answer.done() else answer.set_result(found), topic, data)
        try:
            found = await answer
        finally:
            self._forget(id)
        if isinstance(found, HubbubError):
            raise found
        return found

    def drop(self) -> None:
        """Give the connection up at once, without a farewell: it seems dead, or has to be made anew."""
        if not self.ended:
            self._socket.transport.abort()

    async def close(self) -> None:
        """Say goodbye (1000)."""
        await self._socket.close()

    def _check_heard(self, since: float) -> None:
        if self._heard_at <= since:
            logger.info("nothing came back for %g s, connecting again", self._reply_timeout)
            self.drop()

    async def _read(self, receive: Callable[[ServerFrame], None]) -> int:
        try:
            while True:
                text = await self._socket.recv(decode=False)
                self._heard_at = self._loop.time()
                frame = read_frame(text)
                if frame.type == "ping":
                    self.send(Command("pong"))
                elif frame.type == "reply":
                    self._answer(frame)
                else:
                    receive(frame)
        except ConnectionClosed as closed:
            return close_code(closed)
        except msgspec.DecodeError:
            # To pass it over could mean to pass over an event, so begin again from the last position.
            logger.exception("the server sent what is no frame, connecting again")
            self.drop()
            return ABNORMAL

    def _answer(self, frame: ServerFrame) -> None:
        """Take in a reply. One to a call that was given up already is ignored."""
        answered = self._forget(frame.id)
        if answered is not None:
            answered(frame.ok if frame.error is None else error_of(frame.error))

    def _forget(self, id: int | str | None) -> "Callable[[Answer], None] | None":
        call = self._calls.pop(id, None) if isinstance(id, int) else None
        if call is None:
            return None
        call[1].cancel()
        return call[0]

    async def _write(self) -> None:
        try:
            while True:
                while self._outgoing:
                    await self._socket.send(self._outgoing.popleft(), text=True)
                self._wakes_writer.clear()
                await self._wakes_writer.wait()
        except ConnectionClosed:
            pass  # The reader knows, too.

    async def _watch(self) -> None:
        """Drop the connection when nothing has come for two heartbeats: such a one may stay open for hours."""
        patience = 2 * self.ready.heartbeat
        while (left := self._heard_at + patience - self._loop.time()) > 0:
            await asyncio.sleep(left)
        logger.info("nothing came for two heartbeats, connecting again")
        self.drop()

    def _end(self) -> None:
        self.ended = True
        self._outgoing.clear()
        for id in list(self._calls):
            if answered := self._forget(id):
                answered(Disconnected())


def encode_data(data: Any) -> msgspec.Raw:
    """A command's data as it is sent."""
    return msgspec.Raw(msgspec.json.encode(data))
