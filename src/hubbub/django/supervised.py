"""A worker's own process: one of several on the same sockets, started by ``hubbub.django.workers`` (decision 0022)."""

import asyncio
import logging
import signal
import socket
from collections import deque
from collections.abc import MutableMapping
from contextlib import suppress
from types import FrameType

from hubbub.django import tallies
from hubbub.django.background import Background
from hubbub.django.lines import Counted, Line, Serving, Together
from hubbub.django.serving import Server
from hubbub.django.tallies import ANSWER_SECONDS, Family, taken
from hubbub.transports.listening import Listening, listen_passed
from hubbub.transports.uvicorn.server import HubbubConfig

logger = logging.getLogger("hubbub.workers")

VARIABLE = "HUBBUB_WORKER"
"""Descriptors: of the line to the supervisor, then of the sockets to listen on."""
NOW = signal.SIGUSR1
"""Ends a worker that is stopping already."""
COUNT_SECONDS = 2.0
"""How often a worker says what it has counted: that much of it is lost at most where it is killed."""


class WorkerServer(Server):
    """The server of a worker's own process."""

    def __init__(
        self, config: HubbubConfig, listening: Listening, end: socket.socket, background: Background | None = None
    ) -> None:
        super().__init__(config, listening, background)
        self._end = end
        self._line: Line | None = None
        self._turn = asyncio.Lock()
        """Held until a tally is said: an older one never comes after a newer."""
        self._asked: deque[asyncio.Future[list[Family]]] = deque()
        self._tasks: list[asyncio.Task[None]] = []
        # Those who stop together answer to the end; only who is replaced leaves the sockets to the others.
        self.hands_over = False

    def serves(self) -> None:
        """Tell the supervisor so, and from then on what was counted."""
        self.loop = asyncio.get_running_loop()
        self.loop.add_signal_handler(signal.SIGHUP, self._hand_over)
        self.loop.add_signal_handler(NOW, self._end_now)
        self._tasks = [self.loop.create_task(self._talk())]

    async def _talk(self) -> None:
        self._line = line = await Line.open(self._end)
        tallies.belong_to(self)
        line.say(Serving())
        self._tasks.append(self.loop.create_task(self._tell(line)))
        await self._hear(line)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order, and say at last what was counted until then."""
        await super().shutdown(sockets)
        tallies.belong_to(None)
        if self._line:
            await self._count(self._line)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._line.flush(), ANSWER_SECONDS)

    async def together(self) -> list[Family]:
        """The sum of all workers, this one as it is now. Raises OSError where the supervisor does not answer."""
        if self._line is None:
            raise ConnectionError
        await asyncio.wait_for(self._line.flush(), ANSWER_SECONDS)
        answer: asyncio.Future[list[Family]] = self.loop.create_future()
        await self._count(self._line, answer)
        return await asyncio.wait_for(answer, ANSWER_SECONDS)

    async def _tell(self, line: Line) -> None:
        while True:
            await self._count(line)
            await line.flush()  # What a supervisor that is stopped doesn't take must not pile up here.
            await asyncio.sleep(COUNT_SECONDS)

    async def _count(self, line: Line, answer: "asyncio.Future[list[Family]] | None" = None) -> None:
        async with self._turn:
            tally = await asyncio.to_thread(taken)  # It looks at all sessions, and lists the open files.
            if answer is not None:
                self._asked.append(answer)
            line.say(Counted(tally, asks=answer is not None))

    async def _hear(self, line: Line) -> None:
        while (said := await line.hear()) is not None:
            if isinstance(said, Together) and not (answer := self._asked.popleft()).done():
                answer.set_result(said.tally)
        # The supervisor is gone, and nobody else would ever stop this process.
        logger.error("The supervisor has gone.")
        self.handle_exit(signal.SIGTERM, None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, once.

        A terminal's Ctrl-C and a service manager's SIGTERM go to every process, and what they mean, the supervisor
        says: a signal that comes again isn't a second one.
        """
        if sig != signal.SIGINT and not self.should_exit:
            super().handle_exit(sig, frame)

    def _hand_over(self) -> None:
        self.hands_over = True
        self.handle_exit(signal.SIGTERM, None)

    def _end_now(self) -> None:
        super().handle_exit(signal.SIGTERM, None)


def place_of_worker(environ: MutableMapping[str, str]) -> tuple[Listening, socket.socket] | None:
    """The sockets to listen on and the line to the supervisor, where this process is a worker."""
    descriptors = [int(number) for number in environ.pop(VARIABLE, "").split(",") if number]
    if not descriptors:
        return None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # See WorkerServer.handle_exit.
    line = socket.socket(fileno=descriptors[0])
    line.set_inheritable(False)
    return listen_passed(descriptors[1:]), line
