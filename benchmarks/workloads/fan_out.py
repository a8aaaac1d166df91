"""How many messages a second reach the members of rooms."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import generator
from benchmarks.plans import window
from benchmarks.servers import ALL, BARE_WS, BUN, CHANNELS_MEMORY, HUBBUB, SOCKET_IO, Server
from benchmarks.workloads.base import Claim, Column, Figures, Workload, checked

SHAPES = {
    # key: rooms, members of each, messages under way in each
    "window4": (1, 1000, 4),
    "window1": (1, 1000, 1),
    "rooms": (200, 5, 1),
}
TITLES = {
    "window4": "one room of 1,000, four under way",
    "window1": "one room of 1,000, one under way",
    "rooms": "200 rooms of 5, one under way in each",
}
BOUNDS: tuple[tuple[str, Server, float], ...] = (
    ("window4", BUN, 0.7),
    ("window1", BUN, 0.65),
    ("window4", BARE_WS, 1.6),
    ("window4", CHANNELS_MEMORY, 100),
    ("rooms", BUN, 0.5),
    ("rooms", SOCKET_IO, 1.5),
    ("rooms", CHANNELS_MEMORY, 50),
)
"""Of the peer's deliveries at least so many times as many."""
PEOPLE = 1000


class FanOut(Workload):
    key = "fan-out"
    title = "Fan-out"
    text = (
        "Messages delivered in a second. One member of each room publishes; the next message leaves when one of those "
        "under way has reached every member. The event is ephemeral with hubbub, as it is with the peers. Busy: the "
        "share of its core that each used in the shape where the generator had most to do; the server, not the "
        "generator, should be the limit."
    )
    quick = True
    columns = (
        *(Column(shape, title) for shape, title in TITLES.items()),
        Column("missing", "missing"),
        Column("server-busy", "server busy", ".0%"),
        Column("generator-busy", "generator busy", ".0%"),
    )
    claims = (
        *(
            Claim(f"{TITLES[shape]}: of {peer.name}", (HUBBUB.key, shape), (peer.key, shape), at_least=bound)
            for shape, peer, bound in BOUNDS
        ),
        Claim("missing deliveries", (HUBBUB.key, "missing"), at_most=0),
    )

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB, CHANNELS_MEMORY, BARE_WS) if quick else ALL

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        figures: Figures = {"missing": 0, "generator-busy": 0}
        with server.running(folder, PEOPLE) as running:
            for key, (rooms, members, under_way) in SHAPES.items():
                plan = server.plan(running, window(under_way), rooms, members)
                running.process.rest()
                measured = generator.run(running.process, plan, folder / key, seconds=2 if quick else 3, watch=True)
                figures[key] = checked(server, measured).groups["all"].per_second
                figures["missing"] += measured.lost
                if measured.busy > figures["generator-busy"]:
                    figures |= {"generator-busy": measured.busy, "server-busy": measured.server_cpu / measured.seconds}
        return figures
