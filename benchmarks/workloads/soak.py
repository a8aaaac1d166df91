"""Whether anything is left of what is over."""

import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import census, generator
from benchmarks.feature.messages import CensusReply
from benchmarks.generator import Generator
from benchmarks.plans import Group, Plan, idle, window
from benchmarks.processes import Failed
from benchmarks.servers import HUBBUB, Running, Server
from benchmarks.workloads.base import Claim, Column, Figures, Workload, checked

EVENTS, CONNECTS = 1_000_000, 50_000
QUICK_PART = 20
ROOMS, MEMBERS, WINDOW = 20, 50, 4
LIVE = 500
"""Clients that come and go at the same time."""
COUNTED = ("sessions", "topics", "subscribers", "connections", "tasks", "files")
THREADS = 8
"""For reading and for credentials: the most that there are."""
LEAVE_SECONDS = 90.0


class Soak(Workload):
    key = "soak"
    title = "Nothing is left"
    text = (
        f"{EVENTS:,} events are delivered in {ROOMS} rooms of {MEMBERS}, and {CONNECTS:,} connections are opened, each "
        "with three subscriptions, and closed. Counted before and after, when everybody has gone: sessions, topics, "
        "subscribers, connections that limits count, tasks, open files, objects that the garbage collector knows, and "
        "memory. A twentieth of it goes before, so that what is made once is there; a thread that reads may be made "
        "later, and keeps the database open, two files each."
    )
    columns = (
        Column("events", "events delivered"),
        Column("connects", "connects"),
        Column("before", "MiB before", ".1f"),
        Column("after", "MiB after", ".1f"),
        Column("objects", "more objects"),
        *(Column(name, f"more {name}") for name in COUNTED),
    )
    claims = (
        Claim("memory after over before", ("hubbub", "after"), ("hubbub", "before"), at_most=1.05),
        *(Claim(f"{name} that are left", ("hubbub", name), at_most=0) for name in COUNTED if name != "files"),
        Claim("files that are left", ("hubbub", "files"), at_most=2 * THREADS),
    )
    rounds = 1

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB,)

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        with HUBBUB.running(folder, 1000) as running:
            use(running, folder / "warm", EVENTS // QUICK_PART, CONNECTS // QUICK_PART)
            before, memory_before = settled(running, None), running.process.unique_bytes()
            figures = use(running, folder / "soak", EVENTS, CONNECTS)
            after, memory_after = settled(running, before), running.process.unique_bytes()
        figures |= {"before": memory_before / 2**20, "after": memory_after / 2**20}
        return figures | {name: getattr(after, name) - getattr(before, name) for name in ("objects", *COUNTED)}


def use(running: Running, folder: Path, events: int, connects: int) -> Figures:
    """Deliver at least so many events, and open so many connections. Raises Failed where one is missing."""
    followers = [HUBBUB.follower((f"c{n // 5}", f"d{n % 10}", "all"), running.credential()) for n in range(LIVE)]
    plan = Plan(HUBBUB.speech, [Group("all", idle(), {"all": followers})])
    with Generator(running.process, plan, folder / "connects", connects=connects, hold=True, seconds=0) as coming:
        opened = coming.ready().connects
    delivered = turn = 0
    while delivered < events:
        plan = HUBBUB.plan(running, window(WINDOW), ROOMS, MEMBERS, prefix=f"t{turn}x")
        measured = checked(
            HUBBUB, generator.run(running.process, plan, folder / f"events{turn}", seconds=min(5.0, events / 100_000))
        )
        delivered += measured.groups["all"].deliveries
        turn += 1
    return {"events": delivered, "connects": opened}


def settled(running: Running, goal: CensusReply | None) -> CensusReply:
    """The census once the generator's connections are gone: only its own is left. Raises Failed after a while."""
    give_up = time.monotonic() + LEAVE_SECONDS
    # Of topics one is left, the server's own; the others are remembered for a minute after the last has gone.
    while (found := census.take(running)).sessions > 1 or found.topics > 1 or (goal and found.tasks > goal.tasks):
        if time.monotonic() > give_up:
            if found.sessions > 1:
                raise Failed(f"{found.sessions - 1} sessions are left of connections that are gone")
            break
        time.sleep(0.5)
    return found
