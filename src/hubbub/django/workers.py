"""Several processes on the same sockets, looked after by the one that was started (decision 0022).

A worker is the same command line once more, in an interpreter of its own, so that a new one runs whatever code is
installed by then. ``HUBBUB_WORKER`` in its environment says which descriptors are the sockets to listen on, and which
is its end of a line to the supervisor: it says there that it serves and what it has counted, and drains when the line
breaks.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from hubbub.django.lines import Counted, Line, Serving, Together
from hubbub.django.serving import NOW_SECONDS, longest_stop
from hubbub.django.supervised import NOW, VARIABLE
from hubbub.django.tallies import Tallies
from hubbub.transports.listening import Listening, tell_manager

logger = logging.getLogger("hubbub.workers")

READY_SECONDS = 60.0
"""How long a worker may take until it serves, where it is to replace another."""
BEGIN_TRIES = 3
"""How often each worker is started before all is given up, where none has ever served."""
STABLE_SECONDS = 10.0
"""A worker that has lived this long does not end for the reason for which the last one did."""
LAST_WORDS_SECONDS = 1.0
"""How long is listened for what a worker said before it ended: anybody else may still hold its end of the line."""
LONGEST_WAIT = 30.0
"""Seconds until a worker that ends at once, again and again, is started anew."""


class Worker:
    """One process, as the supervisor sees it."""

    def __init__(self, process: asyncio.subprocess.Process, line: Line, *, spare: bool) -> None:
        self.process = process
        self.spare = spare
        """Whether it is there to replace another, which stays where this one can't begin."""
        self.replaced = False
        """Whether it is to end: another has its place."""
        self.ready = False
        """Whether it has served."""
        self.told = asyncio.Event()
        """Set once it is known whether it can serve."""
        self.began = time.monotonic()
        self._line = line

    @classmethod
    async def start(cls, listening: Listening, *, spare: bool) -> "Worker":
        """Start another process of this command."""
        ours, theirs = socket.socketpair()
        descriptors = [theirs.fileno(), *listening.fileno()]
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *sys.orig_argv[1:],
                env={**os.environ, VARIABLE: ",".join(map(str, descriptors))},
                pass_fds=descriptors,
            )
        return cls(process, await Line.open(ours), spare=spare)

    async def life(self, tallies: Tallies, served: asyncio.Event) -> int:
        """Hear it until it has ended. The exit code, or the signal with a minus. Call it once.

        ``served`` is set once it serves.
        """
        hearing = asyncio.create_task(self._hear(tallies, served))
        code = await self.process.wait()
        # Whatever became of that, another worker begins; the loop logs an error in it.
        await asyncio.wait([hearing], timeout=LAST_WORDS_SECONDS)
        hearing.cancel()
        self.told.set()
        tallies.ended(self.process.pid)
        self._line.close()
        return code

    async def _hear(self, tallies: Tallies, served: asyncio.Event) -> None:
        while (said := await self._line.hear()) is not None:
            match said:
                case Serving():
                    self.ready = True
                    self.told.set()
                    served.set()
                    logger.info("Worker %d serves.", self.process.pid)
                case Counted(tally, asks):
                    tallies.counted(self.process.pid, tally)
                    if asks:
                        self._line.say(Together(tallies.together()))
        self.told.set()

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal, where it still runs."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)


class Supervisor:
    """Keeps so many workers running, until a signal.

    SIGTERM and SIGINT stop all of them together, each in order; the second one at once. SIGHUP replaces them one by
    one, the new one first.
    """

    def __init__(self, listening: Listening, count: int) -> None:
        self._listening = listening
        self._count = count
        self._workers: set[Worker] = set()
        self._tallies = Tallies()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._failed = False
        self._served = asyncio.Event()
        """Set once any worker has served."""
        self._failures = 0
        self._replacing: asyncio.Task[None] | None = None

    def run(self) -> bool:
        """Returns once all have ended: False where none could begin."""
        asyncio.run(self._run())
        return not self._failed

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._replace_all)
        first = [await self._start() for _ in range(self._count)]
        telling = self._spawn(self._tell_manager(first))
        await self._stopping.wait()
        telling.cancel()
        # They end by themselves within that time; what follows is for one that a debugger holds, say.
        await self._all_ended(longest_stop() + NOW_SECONDS)
        for worker in self._workers:
            worker.tell(signal.SIGKILL)
        await self._all_ended(NOW_SECONDS)

    async def _tell_manager(self, first: list[Worker]) -> None:
        """Ready is who has all workers; those that have ended by then have others in their places, and one serves."""
        for worker in first:
            await worker.told.wait()
        await self._served.wait()
        tell_manager(os.environ)

    async def _all_ended(self, timeout: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)

    async def _start(self, *, spare: bool = False) -> Worker:
        worker = await Worker.start(self._listening, spare=spare)
        self._workers.add(worker)
        self._spawn(self._look_after(worker))
        if self._stopping.is_set():
            worker.tell(signal.SIGTERM)
        return worker

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _look_after(self, worker: Worker) -> None:
        """Have another in its place, should it end by itself."""
        code = await worker.life(self._tallies, self._served)
        self._workers.discard(worker)
        if worker.replaced or self._stopping.is_set() or (worker.spare and not worker.ready):
            return
        wait = self._wait_after(worker)
        # One that is still about to begin may do so.
        if not (self._served.is_set() or self._workers) and self._failures >= BEGIN_TRIES * self._count:
            logger.error(
                "No worker could begin, in %d tries (%s). What they said stands above.", self._failures, _said(code)
            )
            self._failed = True
            self._stop()
            return
        logger.error("Worker %d has ended (%s). Another begins in %.1f s.", worker.process.pid, _said(code), wait)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait)
        if not self._stopping.is_set():
            await self._start()

    def _wait_after(self, worker: Worker) -> float:
        """None at first; longer and longer where they end again and again."""
        stable = worker.ready and time.monotonic() - worker.began >= STABLE_SECONDS
        self._failures = 0 if stable else self._failures + 1
        over = self._failures - self._count
        return min(LONGEST_WAIT, 0.5 * 2.0 ** min(over, 10)) if over > 0 else 0.0

    def _replace_all(self) -> None:
        if self._replacing is None or self._replacing.done():
            self._replacing = self._spawn(self._replace())

    async def _replace(self) -> None:
        """Replace one after the other, so that as many serve all the time."""
        for old in list(self._workers):
            if old not in self._workers:
                continue  # It has ended meanwhile, and there is a new one in its place.
            old.replaced = True
            new = await self._start(spare=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(new.told.wait(), READY_SECONDS)
            if not new.ready:
                new.tell(signal.SIGKILL)
                logger.error("A new worker could not begin. Those that run stay.")
                old.replaced = False
                if old not in self._workers:
                    await self._start()
                return
            old.tell(signal.SIGHUP)
            await old.process.wait()
            if self._stopping.is_set():
                return
        logger.info("All workers were replaced.")

    def _stop(self) -> None:
        """All together: while they stop, nobody else is there for their clients."""
        # Sockets that somebody else keeps are left to whoever comes next, at once.
        first = signal.SIGHUP if self._listening.lent else signal.SIGTERM
        number = NOW if self._stopping.is_set() else first
        self._stopping.set()
        for worker in self._workers:
            worker.tell(number)


def _said(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
