"""How many messages a second reach the members of rooms."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import generator
from benchmarks.plans import window
from benchmarks.servers import ALL, BARE_WS, CHANNELS_MEMORY, HUBBUB, Server
from benchmarks.workloads.base import Claim, Column, Figures, Workload, checked

SHAPES = {
    # key: rooms, members of each, messages under way in each
    "window4": (1, 1000, 4),
    "window1": (1, 1000, 1),
    "rooms": (200, 5, 1),
}
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
        Column("window4", "one room of 1,000, four under way"),
        Column("window1", "one room of 1,000, one under way"),
        Column("rooms", "200 rooms of 5, one under way in each"),
        Column("missing", "missing"),
        Column("server-busy", "server busy", ".0%"),
        Column("generator-busy", "generator busy", ".0%"),
    )
    claims = (
        Claim("one room of 1,000, four under way: of Bun", ("hubbub", "window4"), ("bun", "window4"), at_least=0.7),
        Claim("one room of 1,000, one under way: of Bun", ("hubbub", "window1"), ("bun", "window1"), at_least=0.65),
        Claim("the same: of bare ws", ("hubbub", "window4"), ("bare-ws", "window4"), at_least=1.6),
        Claim("the same: of Channels in memory", ("hubbub", "window4"), ("channels-memory", "window4"), at_least=100),
        Claim("200 rooms of 5: of Bun", ("hubbub", "rooms"), ("bun", "rooms"), at_least=0.5),
        Claim("200 rooms of 5: of Socket.IO", ("hubbub", "rooms"), ("socket-io", "rooms"), at_least=1.5),
        Claim("200 rooms of 5: of Channels in memory", ("hubbub", "rooms"), ("channels-memory", "rooms"), at_least=50),
        Claim("missing deliveries", ("hubbub", "missing"), at_most=0),
    )

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB, CHANNELS_MEMORY, BARE_WS) if quick else ALL

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        figures: Figures = {"missing": 0, "generator-busy": 0}
        with server.running(folder, PEOPLE) as running:
            for key, (rooms, members, under_way) in SHAPES.items():
                plan = server.plan(running, window(under_way), rooms, members)
                running.process.rest()
                measured = generator.run(running.process, plan, folder / key, seconds=2 if quick else 3)
                figures[key] = checked(server, measured).groups["all"].per_second
                figures["missing"] += measured.lost
                if measured.busy > figures["generator-busy"]:
                    figures |= {"generator-busy": measured.busy, "server-busy": measured.server_cpu / measured.seconds}
        return figures
