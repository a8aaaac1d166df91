"""One scenario against one server: many clients, messages at a fixed rate, and what became of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from hubbub.bench.checker import ClientLog
from hubbub.bench.client import Client
from hubbub.bench.memory import Memory
from hubbub.bench.scenarios import Scenario, slow_ones
from hubbub.bench.stopwatch import Stopwatch

SERVED_SECONDS = 10.0
"""How long nobody more may be served before it is given up."""
SETTLE_SECONDS = 60.0
AT_ONCE = 50
"""Clients that connect at one time before the run: what comes at once is a scenario of its own."""


class NotServed(Exception):
    """The clients could not begin; the text says why."""


@dataclass(frozen=True)
class Member:
    """Somebody who may connect, where, and the topic to talk on."""

    name: str
    url: str
    """Of the socket."""
    token: str
    topic: str


@dataclass(frozen=True)
class Load:
    rate: float = 10.0
    """Messages a second, of all together."""
    seconds: float = 30.0


@dataclass
class Run:
    """What is there to judge."""

    scenario: Scenario
    clients: int
    logs: list[ClientLog]
    watch: Stopwatch
    memory: Memory
    resets: int = 0
    """How often a client was told to begin anew, because it was too far behind."""
    repeats: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


def allow_files() -> None:
    """Each client is an open file, or several where it loses its network: let there be as many as there may."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def run(scenario: Scenario, load: Load, members: Sequence[Member], memory: Memory) -> Run:
    """Carry it out. Raises NotServed, Refused."""
    watch, slow_watch = Stopwatch(), Stopwatch()
    slow = slow_ones(len(members), scenario.slow_share)
    deadline = load.seconds + SETTLE_SECONDS * 3
    clients = [
        Client(
            f"{scenario.key}-{member.name}", member.url, member.token, [member.topic], sending=False,
            padding=scenario.padding, watch=slow_watch if number < slow else watch, wait=scenario.wait,
            deadline=deadline, small=number < slow,
        )
        for number, member in enumerate(members)
    ]  # fmt: skip
    tasks: list[asyncio.Task[None]] = []
    try:
        await _connect(clients, tasks)
        async with memory.watched():
            speaking = asyncio.create_task(speak(clients[slow:], load.rate))
            await _unless_ended(scenario.trouble(clients, load.seconds), tasks)
            speaking.cancel()
            tops = await _settle(clients, tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients:
        client.log.ended = {topic: tops.get(topic, began) for topic, began in client.log.began.items()}
    watch.resumes += slow_watch.resumes
    found = Run(scenario, len(clients), [client.log for client in clients], watch, memory)
    for client in clients:
        found.resets += len(client.resets)
        found.repeats += client.repeats
        found.refusals += client.refusals
        found.errors += Counter(str(error["code"]) for error in client.errors)
    return found


async def _connect(clients: Sequence[Client], tasks: list[asyncio.Task[None]]) -> None:
    for begin in range(0, len(clients), AT_ONCE):
        some = clients[begin : begin + AT_ONCE]
        tasks += [asyncio.create_task(client.run()) for client in some]
        while missing := [client for client in some if not client.live]:
            if not await _until(lambda left=missing: any(client.live for client in left), SERVED_SECONDS, tasks):  # type: ignore[misc]
                raise NotServed(
                    f"{len(missing)} of the clients {begin + 1} to {begin + len(some)} are not served, and nobody "
                    f"more was within {SERVED_SECONDS:.0f} s. {_reasons(missing)}"
                )


def _reasons(clients: Iterable[Client]) -> str:
    said: Counter[str] = Counter()
    for client in clients:
        said += client.refusals + Counter(str(error["message"]) for error in client.errors)
    text = ", ".join(f"{what} ({times} times)" for what, times in said.most_common(3)) or "nothing"
    advice = ""
    if any(what.startswith("4029") for what in said):
        advice = " All clients come from one address here: raise SOCKETS_PER_ADDRESS for the run, or take fewer."
    return f"The server said: {text}.{advice}"


class Speaker(Protocol):
    def say(self) -> None: ...


async def speak(clients: Sequence[Speaker], rate: float) -> None:
    """In turn, ``rate`` messages a second, evenly spread, until cancelled; who is away says it on coming back."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    number = 0
    while True:
        clients[number % len(clients)].say()
        number += 1
        await asyncio.sleep(max(0.0, began + number / rate - loop.time()))


async def _settle(clients: Sequence[Client], tasks: Sequence[asyncio.Task[None]]) -> dict[str, int]:
    """Wait until everybody is answered and has everything. Returns the highest offset acknowledged of each topic."""
    await _until(lambda: all(client.idle for client in clients), SETTLE_SECONDS, tasks)
    tops: dict[str, int] = {}
    for ack in (ack for client in clients for ack in client.log.acks):
        tops[ack.topic] = max(tops.get(ack.topic, 0), ack.offset)
    await _until(lambda: all(client.reached(tops) for client in clients), SETTLE_SECONDS, tasks)
    return tops


async def _until(condition: Callable[[], bool], seconds: float, tasks: Sequence[asyncio.Task[None]]) -> bool:
    """Whether it came true in time. Raises what ended a client."""

    async def come_true() -> None:
        while not condition():
            await asyncio.sleep(0.02)

    with suppress(TimeoutError):
        await _unless_ended(asyncio.wait_for(come_true(), seconds), tasks)
    return condition()


async def _unless_ended(coroutine: Coroutine[Any, Any, None], tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for it; no client ends meanwhile by itself, and what ended one is raised."""
    main = asyncio.create_task(coroutine)
    try:
        await asyncio.wait([main, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
        await main
    finally:
        main.cancel()
