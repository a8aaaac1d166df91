"""Clients that lose their network, all the time, while messages flow."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Failed
from benchmarks.reconnecting import ReconnectingClient
from benchmarks.servers import Running, Server
from benchmarks.servers.saving import HubbubChat, UsualChat
from benchmarks.workloads.base import Claim, Column, Figures, Workload
from hubbub.bench.checker import as_seen, check
from hubbub.bench.figures import deliveries
from hubbub.bench.memory import Memory
from hubbub.bench.run import Load, Member, NotServed, allow_files, run, speak
from hubbub.bench.scenarios import AWAY_SECONDS, BY_KEY, CYCLE_SECONDS, jitter
from hubbub.bench.stopwatch import Stopwatch, quantile
from tests.services import HOST

CLIENTS, ROOMS = 500, 10
PER_SECOND = 10.0
SECONDS, QUICK_SECONDS = 180.0, 20.0
CONNECT_SECONDS, QUIET_SECONDS = 60.0, 5.0
AT_ONCE = 25
"""Clients that connect at one time before the run, so that the usual stack bears it."""
JITTER = BY_KEY["jitter"]

HUBBUB = HubbubChat("SQLite", ROOMS)
USUAL = UsualChat("usual-daphne", "usual code, Daphne and channels_redis", "SQLite", ROOMS, daphne=True)


@dataclass
class Counts:
    """What became of the messages."""

    sent: int
    taken: int
    """Those of them that somebody saw."""
    expected: int
    """Deliveries of those, one for each member of the room."""
    delivered: int
    wrong: int
    """Deliveries of acknowledged messages that were missing, doubled or out of order; where nothing is acknowledged,
    those of the messages that somebody saw."""
    watch: Stopwatch


class Jitter(Workload):
    key = "jitter"
    title = f"{CLIENTS} clients that lose their network"
    text = (
        f"{CLIENTS} clients in {ROOMS} rooms, of which each loses its network for {AWAY_SECONDS:g} s in every "
        f"{CYCLE_SECONDS:g} s, at a moment of its own; {PER_SECOND:g} messages a second in all, saved ones, for "
        f"{SECONDS:g} s. The server is not told: the old connection stays open and silent for 30 s, and is reset then. "
        "The client connects anew when it has a network again, after a random wait of half a second at most; that wait "
        "is part of what is counted until it is back. With hubbub it says where it was, and repeats what was not "
        "answered. The usual code has neither, nor has its client: it connects again and sends what it could not send. "
        "Taken: messages that anybody saw. Delivered: to every member of the room, of those."
    )
    columns = (
        Column("sent", "messages sent"),
        Column("taken", "taken", ".2%"),
        Column("delivered", "delivered", ".2%"),
        Column("wrong", "missing, doubled, out of order"),
        Column("resumes", "times that one came back"),
        Column("resume-p50", "back, p50 s", ".2f"),
        Column("resume-p99", "p99 s", ".2f"),
        Column("p50", "delivery while connected, p50 ms", ".1f"),
        Column("p99", "p99 ms", ".1f"),
    )
    claims = (
        Claim("delivered", (HUBBUB.key, "delivered"), at_least=1),
        Claim("taken", (HUBBUB.key, "taken"), at_least=1),
        Claim("missing, doubled, out of order", (HUBBUB.key, "wrong"), at_most=0),
    )
    rounds = 1

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB, USUAL)

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        allow_files()
        seconds = QUICK_SECONDS if quick else SECONDS
        with server.running(folder, CLIENTS) as running:
            counts = asyncio.run((_hubbub if server is HUBBUB else _usual)(running, seconds))
        if server.keeps_promise and counts.wrong:
            raise Failed(f"{server.name} lost, doubled or disordered {counts.wrong:,} deliveries")
        figures: Figures = {
            "sent": counts.sent,
            "taken": counts.taken / counts.sent,
            "delivered": counts.delivered / counts.expected,
            "wrong": counts.wrong,
            "resumes": len(counts.watch.resumes),
        }
        for name, found, factor in (("resume-", counts.watch.resumes, 1), ("", counts.watch.deliveries, 1000)):
            for title, share in (("p50", 0.5), ("p99", 0.99)):
                if (value := quantile(found, share)) is not None:
                    figures[f"{name}{title}"] = value * factor
        return figures


async def _hubbub(running: Running, seconds: float) -> Counts:
    """Raises Failed."""
    url = f"ws://{HOST}:{running.process.port}/ws/"
    members = [Member(str(n), url, running.credential(), f"chat.{n % ROOMS + 1}") for n in range(CLIENTS)]
    try:
        found = await run(JITTER, Load(PER_SECOND, seconds), members, Memory(None))
    except NotServed as error:
        raise Failed(str(error)) from None
    verdict = check(found.logs, as_seen(found.logs))
    expected, delivered = deliveries(found.logs)
    sent = {content for log in found.logs for _, content in log.sent}
    seen = {each.content for log in found.logs for each in log.seen}
    wrong = len(verdict.lost) + len(verdict.doubled) + len(verdict.out_of_order)
    return Counts(len(sent), len(sent & seen), expected, delivered, wrong, found.watch)


async def _usual(running: Running, seconds: float) -> Counts:
    """Raises Failed."""
    watch = Stopwatch()
    rooms: list[list[ReconnectingClient]] = [[] for _ in range(ROOMS)]
    for n in range(CLIENTS):
        url = f"ws://{HOST}:{running.process.port}/ws/chat/{n % ROOMS + 1}/"
        headers = {"Cookie": running.credential()}
        rooms[n % ROOMS].append(ReconnectingClient(f"usual-{n}", url, headers, watch, JITTER.wait))
    clients = [client for some in zip(*rooms, strict=True) for client in some]
    tasks = []
    try:
        for begin in range(0, CLIENTS, AT_ONCE):
            some = clients[begin : begin + AT_ONCE]
            tasks += [asyncio.create_task(client.run(seconds + 10 * CONNECT_SECONDS)) for client in some]
            if not await _connected(some):
                said: Counter[str] = sum((client.refusals for client in some), Counter())
                raise Failed(f"Not all clients came to be connected; the server said {dict(said)}.")
        speaking = asyncio.create_task(speak(clients, PER_SECOND))
        await jitter(clients, seconds)
        speaking.cancel()
        await _connected(clients)
        await _quiet(clients)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _count(rooms, watch)


async def _connected(clients: Sequence[ReconnectingClient]) -> bool:
    """Whether all are, in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_SECONDS):
            while not all(client.connected for client in clients):
                await asyncio.sleep(0.05)
            return True
    return False


async def _quiet(clients: Sequence[ReconnectingClient]) -> None:
    """Until nothing has come for a while: what is under way arrives, or will not."""
    before = -1
    while (now := sum(len(client.seen) for client in clients)) != before:
        before = now
        await asyncio.sleep(QUIET_SECONDS)


def _count(rooms: Sequence[Sequence[ReconnectingClient]], watch: Stopwatch) -> Counts:
    sent = taken = expected = delivered = doubled = 0
    for members in rooms:
        known = {content for client in members for content in client.sent}
        seen = known & {content for client in members for content in client.seen}
        sent, taken = sent + len(known), taken + len(seen)
        expected += len(seen) * len(members)
        for client in members:
            times = Counter(client.seen)
            delivered += len(times.keys() & seen)
            doubled += sum(times.values()) - len(times)
    return Counts(sent, taken, expected, delivered, expected - delivered + doubled, watch)
