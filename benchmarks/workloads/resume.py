"""A thousand sessions that are cut at once, and come back at once."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.generator import Generator
from benchmarks.plans import acked
from benchmarks.processes import Failed
from benchmarks.servers import SOCKET_IO_RECOVERY, Server
from benchmarks.servers.saving import HubbubChat
from benchmarks.workloads.base import Claim, Column, Figures, Workload

ROOMS = 50
LISTENERS = 20
"""In each room, beside its publisher."""
MISSED = 20


class Resume(Workload):
    key = "resume"
    title = f"Resume of {ROOMS * LISTENERS:,} sessions at once"
    text = (
        f"{ROOMS * LISTENERS:,} sessions in {ROOMS} rooms are cut at once. Each room is sent {MISSED} messages, saved "
        "ones with hubbub. Then all connect again at once, and say where they were; nobody waits in between, as our "
        "clients would. Counted until every session is live again and has got what it missed, once and in order. "
        "Socket.IO keeps it in memory for two minutes, where its connection state recovery is switched on. Channels, "
        "python-socketio, ws and Bun's publish have no such thing: there a client has to ask the application."
    )
    columns = (
        Column("seconds", "until the last is complete, s", ".2f"),
        Column("p50", "each, p50 s", ".2f"),
        Column("p99", "each, p99 s", ".2f"),
        Column("lost", "lost, doubled, out of order"),
    )
    claims = (Claim("lost messages", ("hubbub", "lost"), at_most=0),)

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HubbubChat("SQLite", ROOMS), SOCKET_IO_RECOVERY)

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        members = 1 + LISTENERS
        with server.running(folder, ROOMS * members) as running:
            plan = server.plan(running, acked(1), ROOMS, members)
            with Generator(running.process, plan, folder / "resume", missed=MISSED) as generator:
                generator.ready()
                resumed = generator.resumed()
        if server.keeps_promise and resumed.lost:
            raise Failed(f"{server.name} lost or doubled {resumed.lost:,} messages: {resumed.groups}")
        each = resumed.each
        return {
            "seconds": resumed.seconds,
            "p50": each.p50_ms / 1000,
            "p99": each.p99_ms / 1000,
            "lost": resumed.lost,
        }
