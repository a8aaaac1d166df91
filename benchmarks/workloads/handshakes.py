"""How many connections a second can be opened."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.generator import Generator
from benchmarks.plans import Client, Group, Plan, expects, idle
from benchmarks.servers import ALL, BARE_WS, CHANNELS_MEMORY, HUBBUB, Running, Server
from benchmarks.servers.hubbub import ENVIRONMENT
from benchmarks.workloads.base import Claim, Column, Figures, Workload

CLIENTS = 200
AT_ONCE = 48


class Handshakes(Workload):
    key = "handshakes"
    title = "Handshakes"
    text = (
        f"Connections opened in a second, {AT_ONCE} at a time, by {CLIENTS} clients that close each again at once. "
        "hubbub's count from the first byte to the frame `ready`, so its user is known by then: by an access token in "
        "the query, by Django's session cookie, each person another one. The peers ask for no credentials."
    )
    columns = (
        Column("rate", "a second"),
        Column("cookie", "a second, by cookie"),
        Column("p99", "p99 ms", ".1f"),
    )
    claims = (
        Claim("by token: of the usual stack, which asks for none", ("hubbub", "rate"), ("channels-redis", "rate"), 3),
        Claim("by cookie: of the same", ("hubbub", "cookie"), ("channels-redis", "rate"), 3),
    )
    quick = True

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB, CHANNELS_MEMORY, BARE_WS) if quick else ALL

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        connects = 1000 if quick else 4000
        with server.running(folder, CLIENTS) as running:
            if server is not HUBBUB:
                clients = [replace(server.client(f"r{n}", running.credential()), steps=()) for n in range(CLIENTS)]
                return opened(running, clients, folder / "plain", connects)
            by_token = [ready(f"/ws/?token={running.credential()}", "") for _ in range(CLIENTS)]
            figures = opened(running, by_token, folder / "token", connects)
            environment = ENVIRONMENT | {"HUBBUB_DATA_DIR": str(folder / "data")}
            keys = HUBBUB.manage(environment, "bench_cookies", str(CLIENTS)).split()
            by_cookie = [ready("/ws/", f"Cookie: sessionid={key}") for key in keys]
            return figures | {"cookie": opened(running, by_cookie, folder / "cookie", connects)["rate"]}


def ready(path: str, header: str) -> Client:
    return Client(path, header, (expects('"ready"'),))


def opened(running: Running, clients: list[Client], folder: Path, connects: int) -> Figures:
    """How fast these clients open so many connections, after a first one each."""
    plan = Plan(HUBBUB.speech, [Group("all", idle(), {"all": clients})])
    with Generator(running.process, plan, folder / "first", at_once=AT_ONCE, hold=True, seconds=0) as first:
        first.ready()
    with Generator(
        running.process, plan, folder, at_once=AT_ONCE, connects=connects, hold=True, seconds=0
    ) as generator:
        found = generator.ready()
    return {"rate": found.connects / found.seconds, "p99": found.setup.p99_ms}
