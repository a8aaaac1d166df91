"""Commands to one server, pipelined over one connection."""

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.backoff import FullJitterBackoff
from redis.exceptions import ConnectionError, NoScriptError, ResponseError

from hubbub.layers.redis.hosts import Host, Source
from hubbub.layers.redis.scripts import Script

Argument = str | bytes | int | float

_backoff = FullJitterBackoff(cap=2.0, base=0.1)


def pause(failures: int) -> float:
    """Seconds that a server is left alone after so many failures: up to two, at random."""
    return _backoff.compute(min(failures, 10))


class Wire:
    """What is asked in one turn of the loop goes out in one write, and nobody waits for another's answer.

    A command is never sent twice: one that was under way when the connection broke has failed, and may have happened.
    While the server is away, commands fail at once, and every now and then one tries again.
    """

    def __init__(self, host: Host, source: Source) -> None:
        self._host = host
        self._source = source
        self._waiting: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]] = []
        self._sent: deque[asyncio.Future[Any]] = deque()
        self._asked = asyncio.Event()
        self._heard = 0.0
        """When the server last answered, or was asked while it owed no answer."""
        self._timer: asyncio.TimerHandle | None = None
        self._limit = asyncio.timeout(None)
        self._running = False
        self._tasks: set[asyncio.Task[None]] = set()
        """What serves the connection, and what still closes the one before."""
        self._error: Exception | None = None
        self._failures = 0
        self._away_until = 0.0

    async def run(self, script: Script, *args: Argument) -> Any:
        """Run a script with one key, the first of ``args``. Raises what ``call`` raises."""
        try:
            return await self.call("EVALSHA", script.sha, 1, *args)
        except NoScriptError:
            return await self.call("EVAL", script.source, 1, *args)

    async def call(self, *command: Argument) -> Any:
        """One command's answer. Raises redis-py's ConnectionError where the server is away, or its ResponseError."""
        loop = asyncio.get_running_loop()
        if not self._running:
            if time.monotonic() < self._away_until:
                raise self._away()
            self._running = True
            task = loop.create_task(self._run(), name=f"layer commands {self._host.name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((command, answer))
        self._asked.set()
        return await answer

    def try_again(self) -> None:
        """The server is known to be there: the next command finds out, however often it was tried in vain."""
        self._away_until, self._failures = 0.0, 0

    async def close(self) -> None:
        """End the connection; commands that wait fail."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _away(self) -> ConnectionError:
        return ConnectionError(f"{self._host.name} is away: {self._error or 'the connection was closed'}")

    async def _run(self) -> None:
        self._error = None
        connection = self._source.make()
        try:
            async with asyncio.timeout(self._host.connect_seconds):
                await connection.connect()
            self._failures = 0
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(connection))
                tasks.create_task(self._read(connection))
        except* Exception as group:
            self._error = first_of(group)
            self._away_until = time.monotonic() + pause(self._failures)
            self._failures += 1
        finally:
            # Before anything is awaited: whoever asks next begins anew.
            self._running = False
            self._give_up()
            await disconnect(connection)

    def _give_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        abandoned = [*self._sent, *(answer for _, answer in self._waiting)]
        self._sent.clear()
        self._waiting = []
        for answer in abandoned:
            if not answer.done():
                answer.set_exception(self._away())

    async def _write(self, connection: AbstractConnection) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            batch, self._waiting = self._waiting, []
            if not batch:  # Those who asked were told that the connection before was lost.
                continue
            if not self._sent:
                self._heard = time.monotonic()
            if self._timer is None:
                self._look_in(self._host.answer_seconds)
            self._sent.extend(answer for _, answer in batch)
            await connection.send_packed_command(connection.pack_commands(command for command, _ in batch))

    async def _read(self, connection: AbstractConnection) -> None:
        async with asyncio.timeout(None) as self._limit:
            while True:
                answer: Any
                try:
                    answer = await connection.read_response(disconnect_on_error=False)
                except ResponseError as error:
                    answer = error
                self._heard = time.monotonic()
                asked = self._sent.popleft()
                if asked.done():  # Whoever asked has left.
                    continue
                if isinstance(answer, Exception):
                    asked.set_exception(answer)
                else:
                    asked.set_result(answer)

    def _look_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """End the connection where an answer is overdue; look again where one is owed."""
        self._timer = None
        if not self._sent:
            return
        left = self._heard + self._host.answer_seconds - time.monotonic()
        if left > 0:
            self._look_in(left)
        else:
            self._limit.reschedule(0)


async def disconnect(connection: AbstractConnection) -> None:
    """Close a connection, however broken it is."""
    with suppress(Exception):
        await connection.disconnect()


def first_of(group: BaseException) -> Exception:
    """What went wrong first."""
    error = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError) and not str(error):
        return TimeoutError("it did not answer in time")
    return error if isinstance(error, Exception) else RuntimeError(str(error))
