"""What is published on one server, by one connection for all who follow something there."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis.asyncio.connection import AbstractConnection
from redis.crc import key_slot
from redis.exceptions import ConnectionError, MovedError, ResponseError

from hubbub.engine.logs import quiet_logger
from hubbub.layers.redis.hosts import Host, Source
from hubbub.layers.redis.wire import disconnect, first_of, pause

logger = quiet_logger("hubbub.layer")
# A logger of its own: "is back" must not be held back as a repetition.
back = quiet_logger("hubbub.layer.back")

PING_SECONDS = 4.0
"""How often a silent connection is asked whether it still is one; it has as long to answer."""
NAMES_AT_ONCE = 500

Receive = Callable[[bytes], None]


class Ended(ConnectionError):
    """The server has ended by itself what was followed there: in a cluster, another one answers for it now."""


class Listener(Protocol):
    """Whom a subscriber tells about its connection, on the loop."""

    def lost(self) -> None:
        """The connection broke: messages may have been missed from here on."""
        ...

    def regained(self) -> None:
        """It is there again, with all subscriptions; what was published in between is gone."""
        ...

    def moved(self, name: bytes) -> None:
        """The server no longer answers for ``name``: another node of the cluster does."""
        ...


@dataclass(slots=True)
class _Followed:
    receive: Receive
    ready: Callable[[], None] | None
    confirmed: bool = False
    waiting: list["asyncio.Future[None]"] = field(default_factory=list)


class Subscriber:
    """Follows names on one server: connects, comes back after a jitter, and follows again what is still wanted.

    ``sharded`` says whether it is a node of a Redis Cluster. Everything is called on the loop.
    """

    def __init__(self, host: Host, source: Source, listener: Listener, *, sharded: bool = False) -> None:
        self._host = host
        self._source = source
        self._listener = listener
        self._prefix = "S" if sharded else ""
        # In a cluster a command has names of one slot.
        self._at_once = 1 if sharded else NAMES_AT_ONCE
        self._names: dict[bytes, _Followed] = {}
        self._pending: dict[bytes, int] = {}
        """How often the server was asked for a name and has yet to confirm it."""
        self._unsent: list[tuple[str, bytes]] = []
        self._asked = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._connected = False
        self._error: Exception | None = None
        self._lost_at: float | None = None
        self._failures = 0
        self._heard = False

    def follow(self, name: bytes, receive: Receive, ready: Callable[[], None] | None = None) -> None:
        """Let ``receive`` have what is published as ``name`` from soon on, through any number of reconnects.

        ``ready`` is called each time that the server has confirmed it. A name is followed once.
        """
        self._names[name] = _Followed(receive, ready)
        if self._connected:
            self._ask(name)
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run(), name=f"layer of {self._host.name}")

    def leave(self, name: bytes) -> None:
        """End it; nothing happens where the name is not followed."""
        followed = self._names.pop(name, None)
        if followed is None:
            return
        _release(followed, None)
        # A node that has ended it already, since the slot is another's now, would refuse.
        if self._connected and (followed.confirmed or name in self._pending):
            self._unsent.append(("UNSUBSCRIBE", name))
            self._asked.set()

    def follows(self, name: bytes) -> bool:
        """Whether a name is followed, and its messages come or will once the server is back."""
        followed = self._names.get(name)
        return followed is not None and (followed.confirmed or name in self._pending or not self._connected)

    async def confirmed(self, name: bytes) -> None:
        """Wait until the server has confirmed a name that is followed.

        Raises ConnectionError where it is away, and Ended where nothing more of the name comes from there.
        """
        followed = self._names.get(name)
        if followed is None or followed.confirmed:
            return
        if self._error is not None:
            raise self._away()
        if not self.follows(name):
            raise self._ended(name)
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        followed.waiting.append(waiting)
        await waiting

    async def close(self) -> None:
        """End the connection."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    def _away(self) -> ConnectionError:
        error = ConnectionError(f"{self._host.name} is away: {self._error}")
        error.__cause__ = self._error
        return error

    def _ended(self, name: bytes) -> Ended:
        return Ended(f"{self._host.name} no longer follows {name.decode()}")

    def _ask(self, name: bytes) -> None:
        self._pending[name] = self._pending.get(name, 0) + 1
        self._unsent.append(("SUBSCRIBE", name))
        self._asked.set()

    async def _run(self) -> None:
        while True:
            connection = self._source.make()
            try:
                async with asyncio.timeout(self._host.connect_seconds):
                    await connection.connect()
                self._begin()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._write(connection))
                    tasks.create_task(self._read(connection))
                    tasks.create_task(self._ping(connection))
            except* Exception as group:
                self._end(first_of(group))
            finally:
                await disconnect(connection)
            await asyncio.sleep(pause(self._failures))
            self._failures += 1

    def _begin(self) -> None:
        self._connected, self._error = True, None
        self._unsent.clear()
        self._pending.clear()
        for name in self._names:
            self._ask(name)
        if not self._names:
            self._all_confirmed()

    def _end(self, error: Exception) -> None:
        self._connected, self._error = False, error
        for followed in self._names.values():
            followed.confirmed = False
            _release(followed, self._away())
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            logger.warning("The channel layer lost %s: %s. It is tried again.", self._host.name, str(error).rstrip("."))
            self._listener.lost()

    def _all_confirmed(self) -> None:
        self._failures = 0
        if self._lost_at is not None:
            away, self._lost_at = time.monotonic() - self._lost_at, None
            back.warning("The channel layer has %s again, after %.1f s.", self._host.name, away)
            self._listener.regained()

    async def _write(self, connection: AbstractConnection) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            unsent, self._unsent = self._unsent, []
            commands = [
                (self._prefix + verb, *names[start : start + self._at_once])
                for verb, group in itertools.groupby(unsent, key=lambda each: each[0])
                for names in [[name for _, name in group]]
                for start in range(0, len(names), self._at_once)
            ]
            if commands:
                await connection.send_packed_command(connection.pack_commands(commands))

    async def _read(self, connection: AbstractConnection) -> None:
        while True:
            try:
                answer: Any = await connection.read_response(disconnect_on_error=False)
            except MovedError as error:
                self._refuse(error.slot_id)
                continue
            except ResponseError:
                if self._pending:
                    raise
                continue  # The end of something that had ended.
            self._heard = True
            if not isinstance(answer, list) or len(answer) < 3:
                continue  # A pong.
            kind, name, data = answer
            if kind == b"message" or kind == b"smessage":
                if (followed := self._names.get(name)) is not None:
                    self._receive(followed, data)
            elif kind == b"subscribe" or kind == b"ssubscribe":
                self._confirm(name)
            elif name not in self._pending and (followed := self._names.get(name)) is not None:
                # An end that nobody asked for.
                followed.confirmed = False
                _release(followed, self._ended(name))
                self._listener.moved(name)

    def _receive(self, followed: _Followed, data: bytes) -> None:
        try:
            followed.receive(data)
        except Exception:
            logger.exception("A message of the channel layer could not be received.")

    def _confirm(self, name: bytes) -> None:
        if not self._answer(name):
            return
        # Nobody may follow it any more; then the end of it is on its way.
        if (followed := self._names.get(name)) is not None:
            followed.confirmed = True
            _release(followed, None)
            if followed.ready is not None:
                followed.ready()
        if not self._pending:
            self._all_confirmed()

    def _refuse(self, slot: int) -> None:
        """The slot is another node's now. The rest of the connection is as good as before."""
        name = next((name for name in self._pending if key_slot(name) == slot), None)
        if name is None or not self._answer(name):
            return  # The end of something that had ended.
        if (followed := self._names.get(name)) is not None:
            _release(followed, self._ended(name))
            self._listener.moved(name)
        if not self._pending:
            self._all_confirmed()

    def _answer(self, name: bytes) -> bool:
        """Count an answer to what was asked for ``name``. Whether it was the last that is owed."""
        self._pending[name] -= 1
        if self._pending[name]:
            return False
        del self._pending[name]
        return True

    async def _ping(self, connection: AbstractConnection) -> None:
        while True:
            self._heard = False
            await asyncio.sleep(PING_SECONDS)
            if self._heard:
                continue
            await connection.send_command("PING", check_health=False)
            await asyncio.sleep(PING_SECONDS)
            if not self._heard:
                raise TimeoutError("it did not answer in time")


def _release(followed: _Followed, error: Exception | None) -> None:
    """Let those go on who wait for the server's word."""
    for waiting in followed.waiting:
        if waiting.done():
            continue
        if error is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(error)
    followed.waiting.clear()
