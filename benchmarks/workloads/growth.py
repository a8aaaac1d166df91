"""What a delivery costs in large rooms, and a publish where there are many topics."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import generator
from benchmarks.plans import Group, Plan, idle, rate, window
from benchmarks.servers import BUN, HUBBUB, Running, Server
from benchmarks.workloads.base import Claim, Column, Figures, Workload, checked

MEMBERS = (100, 1_000, 10_000)
TOPICS = (10, 10_000)
SOCKETS = 10_000
PUBLISHES_PER_SECOND = 4_000


class Growth(Workload):
    key = "growth"
    title = "Growth"
    text = (
        "Microseconds of the server's processor. A delivery: one room, one message under way. A publish: "
        f"{SOCKETS:,} sockets are connected in both cases, and {PUBLISHES_PER_SECOND:,} messages a second go to so "
        "many topics in turn, of one subscriber each; with 10 topics the other sockets share a silent one."
    )
    columns = (
        *(Column(f"members-{count}", f"a delivery, {count:,} members", ".2f") for count in MEMBERS),
        *(Column(f"topics-{count}", f"a publish, {count:,} topics", ".1f") for count in TOPICS),
        Column("missing", "missing"),
    )
    claims = (
        Claim(
            "a delivery to 10,000 members, over one to 100",
            ("hubbub", "members-10000"),
            ("hubbub", "members-100"),
            at_most=1.5,
        ),
        Claim(
            "a publish with 10,000 topics, over one with 10",
            ("hubbub", "topics-10000"),
            ("hubbub", "topics-10"),
            at_most=1.2,
        ),
        Claim("missing deliveries", ("hubbub", "missing"), at_most=0),
    )

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB, BUN)

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        figures: Figures = {"missing": 0}
        with server.running(folder, SOCKETS) as running:
            plans = {f"members-{count}": server.plan(running, window(1), 1, count) for count in MEMBERS}
            plans |= {f"topics-{count}": _topics(server, running, count) for count in TOPICS}
            for key, plan in plans.items():
                running.process.rest()
                measured = checked(server, generator.run(running.process, plan, folder / key, seconds=3, watch=True))
                traffic = measured.groups["all"]
                each = traffic.deliveries if key.startswith("members") else traffic.published
                figures[key] = measured.server_cpu * 1e6 / each
                figures["missing"] += measured.lost
        return figures


def _topics(server: Server, running: Running, topics: int) -> Plan:
    """So many topics that are published to, and as many sockets in all as ever."""
    spoken = server.plan(running, rate(PUBLISHES_PER_SECOND), topics, 1)
    if topics == SOCKETS:
        return spoken
    silent = [server.client("silent", running.credential()) for _ in range(SOCKETS - topics)]
    return Plan(server.speech, [*spoken.groups, Group("silent", idle(), {"silent": silent})])
