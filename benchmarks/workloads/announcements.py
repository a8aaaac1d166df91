"""What an announcement costs, for a small audience and a large one."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.servers import HUBBUB, Server
from benchmarks.servers.hubbub import ENVIRONMENT
from benchmarks.workloads.base import Claim, Column, Figures, Workload

FEW, MANY = 10, 100_000
TIMES = 100


class Announcements(Workload):
    key = "announcements"
    title = "Announcements to 10 users and to 100,000"
    text = (
        f"`hubbub.announce(Audience.everyone(), …)`, {TIMES} times one after the other, on SQLite, in a process with "
        "the server's engine and one of the users connected: the rows that each adds, in all tables; the messages "
        "that it hands over for the other processes; the time until the call returns, with everything committed, and "
        "until the connection has been shown it. What sockets cost to serve is another figure (fan-out)."
    )
    columns = tuple(
        Column(f"{key}-{users}", f"{users:,} users: {title}", format)
        for users in (FEW, MANY)
        for key, title, format in (
            ("rows", "rows", ".0f"),
            ("messages", "messages", ".0f"),
            ("saved", "ms to commit", ".1f"),
            ("shown", "ms until shown", ".1f"),
        )
    )
    claims = tuple(
        Claim(f"{key} for {MANY:,} users, of those for {FEW}", ("hubbub", f"{key}-{MANY}"), ("hubbub", f"{key}-{FEW}"),
              at_most=1)
        for key in ("rows", "messages")
    )  # fmt: skip
    quick = True
    quick_rounds = 1

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB,)

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        figures: Figures = {}
        for users in (FEW, MANY):
            environment = ENVIRONMENT | {"HUBBUB_DATA_DIR": str(folder / f"data-{users}")}
            found = json.loads(HUBBUB.manage(environment, "bench_announce", str(users), str(TIMES)))
            figures |= {f"{key}-{users}": value for key, value in found.items()}
        return figures
