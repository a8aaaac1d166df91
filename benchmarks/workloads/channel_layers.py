"""What a channel layer carries from process to process, and how soon."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.processes import Failed
from benchmarks.servers import Server
from benchmarks.servers.layers import LAYERS, ask
from benchmarks.workloads.base import Claim, Column, Figures, Workload

GROUPS = (1, 10, 1_000)
UNDER_WAY = 50
"""Fewer than a channel of channels_redis holds."""
PER_SECOND = 300
"""Which all of them can carry."""

HUBBUB, *PEERS = LAYERS


class ChannelLayers(Workload):
    key = "channel-layers"
    title = "Channel layers on Valkey"
    text = (
        "Messages sent to groups of one channel each and received, in a second: one layer sends and another receives, "
        f"in one process, so that both halves count; {UNDER_WAY} messages of 100 bytes are under way, and the next "
        f"leaves when one has arrived. Then the time from send to receipt at {PER_SECOND} messages a second over 10 "
        "groups, evenly spread. All in one environment, with hiredis and uvloop, and with each layer's own defaults."
    )
    columns = (
        *(Column(f"groups-{count}", f"{count:,} group{'s' if count > 1 else ''}: messages/s") for count in GROUPS),
        Column("p50", f"at {PER_SECOND}/s: p50 ms", ".2f"),
        Column("p99", "p99 ms", ".2f"),
        Column("lost", "missing"),
    )
    claims = (
        *(
            Claim(f"{count:,} group(s): of {peer.name}", (HUBBUB.key, key), (peer.key, key), at_least=1)
            for count in GROUPS
            for key in [f"groups-{count}"]
            for peer in PEERS
        ),
        *(
            Claim(f"{key} at {PER_SECOND}/s: of {peer.name}", (HUBBUB.key, key), (peer.key, key), at_most=1)
            for key in ("p50", "p99")
            for peer in PEERS
        ),
        Claim("missing messages", (HUBBUB.key, "lost"), at_most=0),
    )

    def servers(self, quick: bool) -> Sequence[Server]:
        return LAYERS

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        seconds = 1.0 if quick else 3.0
        figures: Figures = {"lost": 0}
        with server.running(folder, 0) as running:
            for count in GROUPS:
                found = ask(running.process, "window", count, UNDER_WAY, seconds)
                figures[f"groups-{count}"] = found["per_second"]
                figures["lost"] += found["lost"]
            found = ask(running.process, "rate", 10, PER_SECOND, seconds)
            figures |= {"p50": found["p50"], "p99": found["p99"]}
            figures["lost"] += found["lost"]
        if server.keeps_promise and figures["lost"]:
            raise Failed(f"{server.name} lost {figures['lost']:.0f} messages")
        return figures
