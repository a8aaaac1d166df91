"""What PostgreSQL may do to a server that runs: restart, grow slow, be locked; and who may stand between the two."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from statistics import median
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.bouncer import Bouncer, Slow, going
from tests.durability.client import Client
from tests.durability.load import clients_of, judge, load
from tests.durability.world import SETTINGS, World, make_world
from tests.services import LiveServer, StartServer, own_postgres_server

pytestmark = [pytest.mark.postgres, pytest.mark.faults]

CLIENTS = 12
PING_SECONDS = 1.0
"""What 99 of 100 pings are answered in, whatever the database does."""


async def served_by(start: StartServer, url: str, **env: str) -> LiveServer:
    return await asyncio.to_thread(lambda: start(env=SETTINGS | {"DATABASE_URL": url} | env))


def assert_typed(clients: list[Client]) -> Counter[str]:
    """What clients were told is an error with a code that says: later."""
    errors = [error for client in clients for error in client.errors]
    counts = Counter(str(error["code"]) for error in errors)
    print(f"errors: {dict(counts)}")
    assert set(counts) <= {"busy"}, errors[:3]
    assert all(error["temporary"] and error["message"] for error in errors)
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.long)])
async def test_restarted_under_load(live_server_process: StartServer, times: int) -> None:
    """ACK-1, ACK-2, ERR-4, EVT-2: restarts, each second one as after a crash; hubbub itself goes on."""
    with own_postgres_server() as postgres:
        server = await served_by(live_server_process, postgres.url)
        clients = clients_of(server, await asyncio.to_thread(make_world, server, CLIENTS))
        pid = server.pid
        modes = ["immediate", "fast"] * times
        faults = [partial(asyncio.to_thread, postgres.restart, mode) for mode in modes]
        enough = 500 * len(modes)
        resumed = await load(clients, faults, enough)
        verdict = await asyncio.to_thread(judge, server, clients, postgres.url)
        print(f"{len(modes)} restarts; everybody served again at most {max(resumed):.2f} s after PostgreSQL was")
        assert verdict.clean, verdict
        assert verdict.acknowledged >= enough and verdict.unanswered == 0
        assert_typed(clients)
        assert sum(client.repeats for client in clients) > 0
        assert not [reset for client in clients for reset in client.resets]
        assert server.pid == pid and "Traceback" not in server.log()


class Pinger:
    """Somebody who only pings, over and over, and notes how long each answer took."""

    def __init__(self, server: LiveServer, world: World) -> None:
        self._url = f"{server.ws_url}?token={next(iter(world.tokens.values()))}"
        self.took: list[float] = []
        self.lost = 0

    async def run(self) -> None:
        while True:
            try:
                async with connect(self._url, proxy=None, ping_interval=None) as socket:
                    while True:
                        begun = time.monotonic()
                        await asyncio.wait_for(await socket.ping(), 30)
                        self.took.append(time.monotonic() - begun)
                        await asyncio.sleep(0.02)
            except (OSError, TimeoutError, WebSocketException):
                self.lost += 1

    def judge(self, *, long: bool) -> None:
        """The time only in a ``long`` test, which runs alone."""
        took = sorted(self.took)
        p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
        print(f"{len(took)} pings: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, most {took[-1] * 1000:.0f} ms")
        assert not self.lost, "the socket was closed"
        assert p99 < PING_SECONDS or not long


async def load_beside_pings(
    server: LiveServer, url: str, fault: Callable[[World], object], enough: int, *, long: bool
) -> tuple[list[Client], float]:
    """The clients, and the seconds from the end of the fault until all were served again. 0/0/0, and pings answered."""
    world = await asyncio.to_thread(make_world, server, CLIENTS)
    clients = clients_of(server, world)
    pinger = Pinger(server, world)
    pinging = asyncio.create_task(pinger.run())
    (again,) = await load(clients, [partial(asyncio.to_thread, fault, world)], enough)
    pinging.cancel()
    with suppress(asyncio.CancelledError):
        await pinging
    verdict = await asyncio.to_thread(judge, server, clients, url)
    pinger.judge(long=long)
    print(f"everybody served again {again:.2f} s after it")
    assert verdict.clean, verdict
    assert verdict.unanswered == 0
    return clients, again


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [4.0, pytest.param(20.0, marks=pytest.mark.long)])
async def test_slow_by_half_a_second(live_server_process: StartServer, own_postgres: str, seconds: float) -> None:
    """ACK-1, HRT-1, ERR-4: each answer of the database takes 500 ms more for some time; sockets stay alive."""
    with going(Slow(own_postgres)) as slow:
        server = await served_by(live_server_process, slow.url)

        def be_slow(world: World) -> None:
            slow.delay = 0.5
            time.sleep(seconds)
            slow.delay = 0.0

        clients, _ = await load_beside_pings(server, own_postgres, be_slow, 600, long=seconds == 20)
        assert_typed(clients)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "seconds"),
    [
        ("hubbub_stream", 0.0),
        pytest.param("hubbub_stream", 20.0, marks=pytest.mark.long),
        pytest.param("hubbub_chat_message", 20.0, marks=pytest.mark.long),
    ],
)
async def test_a_table_locked(live_server_process: StartServer, own_postgres: str, table: str, seconds: float) -> None:
    """ACK-1, HRT-1, ERR-4: sends are refused ``busy`` after a while, over REST as well; sockets stay alive.

    It stays locked for so many ``seconds``, and at least until one is refused.
    """
    server = await served_by(live_server_process, own_postgres)
    refused: list[float] = []

    def lock(world: World) -> None:
        with psycopg.connect(own_postgres) as other, rest(server, world) as client:
            other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            begun = time.monotonic()
            assert client.get("/healthz").status_code == 200
            assert time.monotonic() < begun + 1
            answer = client.post(f"/api/conversations/{id_of(world)}/messages/", json={"content": "beside the lock"})
            refused.append(time.monotonic() - begun)
            assert (answer.status_code, answer.json()["code"]) == (503, "busy"), answer.text
            time.sleep(max(0.0, begun + seconds - time.monotonic()))

    clients, again = await load_beside_pings(server, own_postgres, lock, 600, long=seconds == 20)
    print(f"{table}: a POST was refused after {refused[0]:.1f} s")
    busy = assert_typed(clients)["busy"]
    if seconds == 20:
        assert busy >= CLIENTS
        assert refused[0] < 15 and again < 15


SESSION_STATE = re.compile(
    r"\s*(SET (?!LOCAL|TRANSACTION|CONSTRAINTS|TIME ZONE)|LISTEN|PREPARE|DECLARE|LOAD|CREATE TEMP|SELECT pg_advisory)",
    re.I,
)
"""What would stay with one connection, and be missing on the next."""


@pytest.mark.slow
async def test_behind_a_pooler_in_transaction_mode(live_server_process: StartServer, own_postgres: str) -> None:
    """ACK-1, ACK-2, EVT-4: each transaction on another connection; sockets, REST, admin, shell and prune."""
    if urlsplit(own_postgres).password:
        pytest.skip("the test's pooler cannot sign in with a password")
    with going(Bouncer(own_postgres)) as bouncer:
        server = await served_by(live_server_process, bouncer.url, DATABASE_DIRECT_URL=own_postgres)
        world = await asyncio.to_thread(make_world, server, CLIENTS)
        clients = clients_of(server, world)
        await load(clients, [partial(asyncio.to_thread, use_the_rest, server, world)], 600)
        verdict = await asyncio.to_thread(judge, server, clients, own_postgres)
        assert verdict.clean, verdict
        assert not assert_typed(clients)
    kinds = Counter(each.split()[0].upper() for each in bouncer.statements if each)
    print(f"{len(bouncer.statements)} statements over {bouncer.most} connections: {dict(kinds)}")
    assert bouncer.most >= 3
    assert not [each for each in bouncer.statements if SESSION_STATE.match(each)]
    assert not bouncer.named, "a prepared statement is of one connection"
    assert "A pooler stands between" not in server.log() and "Traceback" not in server.log()


def use_the_rest(server: LiveServer, world: World) -> None:
    """REST, the commands, and a page; what a chat has beside its sockets."""
    with rest(server, world) as client:
        for path in ("/api/conversations/", "/api/rooms/", "/readyz", f"/api/conversations/{id_of(world)}/messages/"):
            assert client.get(path).status_code == 200, path
        for n in range(10):
            posted = client.post(f"/api/conversations/{id_of(world)}/messages/", json={"content": f"rest {n}"})
            assert posted.status_code == 201, posted.text
    for command in (("prune",), ("check", "--database", "default"), ("migrate", "--check")):
        server.manage(*command)


def rest(server: LiveServer, world: World) -> httpx.Client:
    headers = {"Authorization": f"Bearer {next(iter(world.tokens.values()))}"}
    return httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=60)


def id_of(world: World) -> str:
    return world.topics[0].partition(".")[2]


@pytest.mark.slow
async def test_no_more_connections_than_are_set(live_server_process: StartServer, own_postgres: str) -> None:
    """ERR-1: sockets and fifty requests at once, in a pool of six; nobody waits for somebody who waits for the pool."""
    server = await served_by(live_server_process, own_postgres, HUBBUB_DATABASE_CONNECTIONS="6")
    world = await asyncio.to_thread(make_world, server, CLIENTS)
    clients = clients_of(server, world)
    most = 0

    async def requests() -> None:
        nonlocal most
        headers = {"Authorization": f"Bearer {next(iter(world.tokens.values()))}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=60) as client:

            async def post(n: int) -> int:
                path = f"/api/conversations/{id_of(world)}/messages/"
                return (await client.post(path, json={"content": f"at once {n}"})).status_code

            waiting = [asyncio.create_task(post(n)) for n in range(50)]
            while not all(each.done() for each in waiting):
                most = max(most, await asyncio.to_thread(connections_of, own_postgres))
            assert Counter(each.result() for each in waiting) == {201: 50}

    await load(clients, [requests], 600)
    verdict = await asyncio.to_thread(judge, server, clients, own_postgres)
    print(f"50 requests at once beside {CLIENTS} sockets: {most} connections at most")
    assert verdict.clean, verdict
    assert 2 <= most <= 6


def connections_of(url: str) -> int:
    """How many others there are on this database; hubbub's, in a test."""
    # By name, not by its process alone: of the last count, too, something may still be there.
    with psycopg.connect(url, application_name="counting") as own:
        found = own.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name <> 'counting' AND backend_type = 'client backend'"
        ).fetchone()
    assert found is not None
    return int(found[0])


async def test_an_idle_server_hardly_asks(live_server_process: StartServer, own_postgres: str) -> None:
    """EVT-4: it is told of what is new, and looks by itself a few times a second. Tasks are looked for elsewhere."""
    server = await served_by(live_server_process, own_postgres, HUBBUB_BACKGROUND="false")
    counts = [await asyncio.to_thread(committed, own_postgres)]
    for _ in range(5):
        await asyncio.sleep(2)
        counts.append(await asyncio.to_thread(committed, own_postgres))
    rates = [(after - before) / 2 for before, after in pairwise(counts)]
    print(f"\nidle: {median(rates):.1f} transactions/s ({rates})")
    assert server.running
    # A connection that is used no more tells of its last transactions 10 s later: those of the start are in one window.
    assert median(rates) < 6


def committed(url: str) -> int:
    """Transactions in that database, as far as its connections have told; counted from another one."""
    parts = urlsplit(url)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as own:
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = %s"
        found = own.execute(query, [parts.path.removeprefix("/")]).fetchone()
    assert found is not None
    return int(found[0])
