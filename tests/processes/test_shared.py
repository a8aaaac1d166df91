"""What must be exact over all processes: sign-ins and tickets, with a Redis and while it is away."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path

import httpx
import pytest
import redis

from hubbub.django.shared import Shared
from hubbub.engine.limits import Rate
from tests.hostile.wire import CLOSE, Client, handshake
from tests.services import HOST, LiveServer, started, valkey_server
from tests.waiting import wait_until

PASSWORD = "a long enough phrase"
RATE = Rate(10, 60.0)


@pytest.fixture
def own_valkey() -> Iterator[str]:
    """A server of the test's own, which it may stop."""
    with valkey_server() as url:
        yield url


@contextmanager
def paused(url: str) -> Iterator[None]:
    """Nothing is answered, and no connection is refused: as when its machine hangs."""
    with redis.Redis.from_url(url) as client:
        pid = int(client.info("server")["process_id"])
    subprocess.run(["kill", f"-{signal.SIGSTOP.value}", str(pid)], check=True)
    try:
        yield
    finally:
        subprocess.run(["kill", f"-{signal.SIGCONT.value}", str(pid)], check=True)


def test_a_bucket_of_all(own_valkey: str) -> None:
    """PRC-6: as many as the rate has, whoever takes them; what is given back can be taken again."""
    one, other = Shared(own_valkey), Shared(own_valkey)
    for _, everywhere in zip(range(10), cycle((one, other)), strict=False):
        assert everywhere.take("logins", "address", RATE) == 0.0
    wait = other.take("logins", "address", RATE)
    assert wait is not None
    assert 5 < wait <= 6
    assert one.take("logins", "another", RATE) == 0.0
    one.take("logins", "address", RATE, -1.0)
    assert other.take("logins", "address", RATE) == 0.0
    assert one.take("logins", "name", RATE, 0.1) == 0.0
    with redis.Redis.from_url(own_valkey) as client:
        keys = client.keys("*")
        assert len(keys) == 3
        assert not any(b"address" in key for key in keys)
        assert all(0 < client.pttl(key) <= 60_000 for key in keys)


def test_a_bucket_fills_again(own_valkey: str) -> None:
    """PRC-6"""
    everywhere = Shared(own_valkey)
    quick = Rate(2, 0.1)
    assert [everywhere.take("logins", "x", quick) for _ in range(2)] == [0.0, 0.0]
    assert everywhere.take("logins", "x", quick)
    wait_until(lambda: everywhere.take("logins", "x", quick) == 0.0, "a token", 5)


def test_said_once(own_valkey: str) -> None:
    """PRC-6, AUT-5"""
    one, other = Shared(own_valkey), Shared(own_valkey)
    assert one.first(["a", "b", "a"], 60) == [True, True, False]
    assert other.first(["a", "c"], 60) == [False, True]
    assert one.first([], 60) == []


class Deaf:
    """Stands before a server. While ``deaf``, nothing that it answers arrives, until somebody connects anew."""

    def __init__(self, url: str) -> None:
        self._server = redis.Redis.from_url(url).connection_pool.connection_kwargs
        self._listener = socket.create_server((HOST, 0))
        self.url = f"redis://{HOST}:{self._listener.getsockname()[1]}"
        self.deaf = False
        self.swallowed = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # Closed at the end.
            while True:
                client, _ = self._listener.accept()
                self.deaf = False
                server = socket.create_connection((self._server["host"], self._server["port"]))
                for ends in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if answers and self.deaf:
                    self.swallowed += 1
                else:
                    to.sendall(data)
        to.close()

    def close(self) -> None:
        self._listener.close()


def test_what_was_said_and_not_heard_is_known_as_one_s_own(own_valkey: str) -> None:
    """PRC-6, AUT-5: an answer that comes too late is asked for again, and a good ticket stays good."""
    between = Deaf(own_valkey)
    everywhere = Shared(between.url)
    assert everywhere.first(["before"], 60) == [True]
    between.deaf = True
    found = everywhere.first(["a", "b", "a"], 60)
    print(f"{between.swallowed} answers were lost on the way, and the repetition was answered {found}")
    assert between.swallowed
    assert found == [True, True, False]
    assert everywhere.first(["a", "b"], 60) == [False, False]
    between.close()


def test_away(own_valkey: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """PRC-6: nobody waits for it long, or twice; the log says so once, and once that it is back."""
    monkeypatch.setattr("hubbub.django.shared.RETRY_SECONDS", 0.2)
    everywhere = Shared(own_valkey)
    assert everywhere.first(["a"], 60) == [True]
    with paused(own_valkey):
        for _ in range(20):
            assert everywhere.take("logins", "x", RATE) is None
        assert everywhere.first(["a"], 60) is None
    wait_until(lambda: everywhere.first(["a"], 60) == [False], "its being back")
    lines = [record.getMessage() for record in caplog.records if record.name == "hubbub.shared"]
    assert ["away" in line for line in lines] == [True, False], lines


@pytest.fixture
def two(tmp_path: Path, own_valkey: str) -> Iterator[list[LiveServer]]:
    """Two servers on one database."""
    env = {
        "REDIS_URL": own_valkey,
        "HUBBUB_DATA_DIR": str(tmp_path / "shared"),
        "HUBBUB_LIMITS": "logins=10/h",  # Nothing comes back while the test runs.
    }
    servers = [LiveServer(tmp_path / name, env=env) for name in ("one", "two")]
    with started(*servers):
        yield servers


def sign_in(server: LiveServer, password: str, name: str = "ann") -> int:
    body = {"username": name, "password": password}
    return httpx.post(f"{server.url}/api/auth/token/", json=body, trust_env=False, timeout=30).status_code


def ticket_of(server: LiveServer, token: str) -> str:
    header = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(f"{server.url}/api/auth/ticket/", headers=header, trust_env=False, timeout=30)
    return str(answer.json()["ticket"])


def comes_in(server: LiveServer, ticket: str) -> bool:
    """Whether a ticket opens a socket."""
    client = Client.tcp(server.port)
    client.send(handshake(f"/ws/?ticket={ticket}"))
    assert client.status() == 101
    first = client.read()
    client.close()
    assert first is not None
    if first[0] == CLOSE:
        assert int.from_bytes(first[1][:2], "big") == 4001
    return first[0] != CLOSE


@pytest.mark.slow
def test_two_servers(two: list[LiveServer], own_valkey: str) -> None:
    """PRC-6, LIM-6, AUT-5: guesses count together, and a ticket opens one socket in all; without Redis in each."""
    one, other = two
    one.manage("createuser", "ann", "--password", PASSWORD)
    token = one.manage("token", "ann").stdout.strip()
    ticket = ticket_of(one, token)
    assert [comes_in(server, ticket) for server in (other, one, other)] == [True, False, False]
    statuses = [sign_in(server, "wrong") for _, server in zip(range(12), cycle(two), strict=False)]
    assert statuses == [401] * 10 + [429] * 2
    ticket = ticket_of(one, token)
    with paused(own_valkey):
        assert [comes_in(server, ticket) for server in (one, one, other, other)] == [True, False, True, False]
        statuses = [sign_in(one, "wrong") for _ in range(11)]
        assert statuses == [401] * 10 + [429]
    assert one.log().count("Redis is away") == 1
    wait_until(lambda: comes_in(one, ticket_of(one, token)) and "Redis is back" in one.log(), "its being back")
    assert "Traceback" not in one.log() + other.log()
