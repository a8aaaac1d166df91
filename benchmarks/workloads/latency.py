"""How long a delivery takes at a load that every server bears."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import generator
from benchmarks.plans import Group, Plan, rate
from benchmarks.servers import HUBBUB, SOCKET_IO, Running, Server
from benchmarks.workloads.base import Claim, Column, Figures, Workload, checked

BESIDE = 5000
"""Members of the room that gets one message a second beside the others."""
SECONDS = 10.0


class Latency(Workload):
    columns = (
        *(Column(f"alone-{key}", f"alone: {key} ms", ".2f") for key in ("p50", "p99", "max")),
        *(Column(f"beside-{key}", f"beside: {key} ms", ".2f") for key in ("p50", "p99", "max")),
        Column("missing", "missing"),
        Column("busy", "generator busy", ".0%"),
    )
    claims = (
        Claim("alone, p99: of Socket.IO's", ("hubbub", "alone-p99"), ("socket-io", "alone-p99"), at_most=1),
        Claim("beside, p99: of Socket.IO's", ("hubbub", "beside-p99"), ("socket-io", "beside-p99"), at_most=1),
    )

    def __init__(self, key: str, title: str, rooms: int, members: int, publishes: float) -> None:
        """``publishes``: messages a second, in all rooms together."""
        self.key, self.title = key, title
        self.text = (
            f"From publishing to delivery, with {publishes:g} messages a second in all, evenly spread: "
            f"{publishes * members:,.0f} deliveries a second. Alone, and while a room of {BESIDE:,} gets one message "
            "a second beside them, on the same server, each time just before one of theirs."
        )
        self._rooms, self._members, self._publishes = rooms, members, publishes

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB, SOCKET_IO)

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        figures: Figures = {"missing": 0, "busy": 0}
        with server.running(folder, self._rooms * self._members + BESIDE) as running:
            for key, beside in (("alone", False), ("beside", True)):
                plan = self._plan(server, running, beside)
                running.process.rest()
                measured = checked(
                    server, generator.run(running.process, plan, folder / key, seconds=SECONDS, watch=True)
                )
                times = measured.groups["all"].delivery
                figures |= {f"{key}-p50": times.p50_ms, f"{key}-p99": times.p99_ms, f"{key}-max": times.max_ms}
                figures["missing"] += measured.lost
                figures["busy"] = max(figures["busy"], measured.busy)
        return figures

    def _plan(self, server: Server, running: Running, beside: bool) -> Plan:
        few = server.plan(running, rate(self._publishes), self._rooms, self._members).groups
        many = [server.client("many", running.credential()) for _ in range(BESIDE)]
        # First: every second the large room's message leaves just before one of the others.
        large = [Group("beside", rate(1), {"many": many})] if beside else []
        return Plan(server.speech, [*large, *few])


LATENCIES = (
    Latency("latency-room", "Latency, one room of 200", 1, 200, 10),
    Latency("latency-rooms", "Latency, 200 rooms of 5", 200, 5, 200),
)
