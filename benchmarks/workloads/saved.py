"""Messages that are saved: every sender waits for the answer before it sends the next."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import generator
from benchmarks.plans import Client, Group, Plan, acked
from benchmarks.servers import Server
from benchmarks.servers.saving import Saving, savers
from benchmarks.workloads.base import Claim, Column, Figures, Workload, checked

ROOMS = 20
PEOPLE = 200
SECONDS = 4.0
SHAPES = {
    # key: rooms, members of all together, senders of each room at most
    "50": (20, 50, 3),
    "200": (20, 200, 10),
    "1": (1, 2, 1),
}
_DURABILITY = {
    "SQLite": (
        "SQLite in WAL with `synchronous=FULL` for all, and with `BEGIN IMMEDIATE` and a time-out of 20 s, without "
        "which the usual code fails."
    ),
    "PostgreSQL": "PostgreSQL as it is by default, `synchronous_commit` and `fsync` on, for all.",
}


class Saved(Workload):
    columns = (
        Column("50", "50 senders: saved/s"),
        Column("50-p50", "send to answer, p50 ms", ".1f"),
        Column("50-p99", "p99 ms", ".1f"),
        Column("50-delivery-p50", "send to delivery, p50 ms", ".1f"),
        Column("50-delivery-p99", "p99 ms", ".1f"),
        Column("200", "200 senders: saved/s"),
        Column("200-p50", "p50 ms", ".1f"),
        Column("200-p99", "p99 ms", ".1f"),
        Column("1", "1 sender: saved/s"),
        Column("1-p50", "p50 ms", ".2f"),
        Column("1-p99", "p99 ms", ".2f"),
        Column("lost", "missing, doubled or unanswered"),
        Column("disordered", "out of order"),
        Column("busy", "generator busy", ".0%"),
    )
    claims = (
        Claim("50 senders: of the usual code, with a stream row", ("hubbub", "50"), ("usual", "50"), at_least=12),
        Claim("1 sender, p50: of the same", ("hubbub", "1-p50"), ("usual", "1-p50"), at_most=1),
        Claim("missing, doubled or unanswered", ("hubbub", "lost"), at_most=0),
        Claim("out of order", ("hubbub", "disordered"), at_most=0),
    )

    def __init__(self, database: str) -> None:
        self.key = f"saved-{database.lower()}"
        self.title = f"Saved messages, {database}"
        self.text = (
            f"Messages that are saved, answered and delivered, in {ROOMS} rooms whose members all send: each the next "
            "message when the one before is answered, with hubbub by the reply, with the usual code by its own copy. "
            "Every member of a room must get every message, all in one order. A single sender has one other member "
            "in its room. " + _DURABILITY[database]
        )
        self._savers = savers(database, ROOMS)

    def servers(self, quick: bool) -> Sequence[Server]:
        return self._savers

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        assert isinstance(server, Saving)
        figures: Figures = {"lost": 0, "disordered": 0, "busy": 0}
        with server.running(folder, PEOPLE) as running:
            everybody = server.members(running, PEOPLE)
            for key, (rooms, members, senders) in SHAPES.items():
                plan = Plan(server.speech, [Group("all", acked(1), _some(everybody, rooms, members), senders)])
                running.process.rest()
                measured = checked(server, generator.run(running.process, plan, folder / key, seconds=SECONDS))
                found = measured.groups["all"]
                figures[key] = found.acks_per_second
                figures |= {f"{key}-p50": found.ack.p50_ms, f"{key}-p99": found.ack.p99_ms}
                figures |= {f"{key}-delivery-p50": found.delivery.p50_ms, f"{key}-delivery-p99": found.delivery.p99_ms}
                figures["lost"] += measured.lost - found.disordered
                figures["disordered"] += found.disordered
                figures["busy"] = max(figures["busy"], measured.busy)
        return figures


def _some(everybody: Mapping[str, Sequence[Client]], rooms: int, members: int) -> dict[str, Sequence[Client]]:
    """The first rooms, with so many members in all."""
    fewest, more = divmod(members, rooms)
    return {
        name: clients[: fewest + (number < more)]
        for number, (name, clients) in enumerate(list(everybody.items())[:rooms])
    }
