"""Where the servers are: every way to say it, and what shows of it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from threading import Thread
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.connection import SSLConnection as SSL
from redis.connection import UnixDomainSocketConnection as UNIX
from redis.exceptions import RedisClusterException, RedisError

from hubbub.django.shared import ANSWER_SECONDS, client
from hubbub.layers.redis.hosts import read_hosts
from hubbub.layers.redis.layer import RedisLayer
from hubbub.layers.redis.servers import home_of


@pytest.mark.parametrize(
    ("host", "name", "expected"),
    [
        ("redis://localhost", "localhost:6379", {"host": "localhost", "port": 6379}),
        ("redis://:pass%2Fword@example.org:6380/2", "example.org:6380/2", {"password": "pass/word", "db": 2}),
        ("valkey://user:pw@[::1]:6380", "::1:6380", {"host": "::1", "username": "user", "password": "pw"}),
        (("127.0.0.1", 6379), "127.0.0.1:6379", {"port": 6379}),
        ({"host": "h", "port": 1, "password": "pw"}, "h:1", {"password": "pw"}),
        ({"address": "redis://h:1", "client_name": "me"}, "h:1", {"client_name": "me"}),
    ],
)
def test_a_server(host: Any, name: str, expected: dict[str, Any]) -> None:
    [read] = read_hosts([host])
    assert read.name == name and not read.cluster
    connection = read.source().make()
    for key, value in expected.items():
        assert getattr(connection, key) == value
    assert "pw" not in repr(read) and "pass" not in repr(read)


def test_tls_and_unix_sockets() -> None:
    """Certificates are checked unless the URL says otherwise."""
    [tls] = read_hosts(["rediss://h:1?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=true"])
    connection = tls.source().make()
    assert isinstance(connection, SSLConnection)
    assert connection.ca_certs == "/etc/ca.pem" and connection.check_hostname
    [by_option] = read_hosts([{"host": "h", "port": 1, "ssl": True}])
    assert isinstance(by_option.source().make(), SSLConnection)
    [local] = read_hosts(["unix:///run/redis.sock?db=3"])
    assert isinstance(local.source().make(), UnixDomainSocketConnection)
    assert local.name == "/run/redis.sock/3"


def test_time_limits_are_the_hosts_own() -> None:
    [read] = read_hosts(["redis://h:1?socket_timeout=1.5&socket_connect_timeout=0.5&health_check_interval=3"])
    assert (read.answer_seconds, read.connect_seconds) == (1.5, 0.5)
    connection = read.source().make()
    assert connection.socket_timeout is None and connection.health_check_interval == 0


@pytest.mark.parametrize(
    "host",
    [
        "redis+sentinel://user:pw@one:1,two/primary/4",
        {
            "sentinels": [("one", 1), ("two", 26379)],
            "master_name": "primary",
            "username": "user",
            "password": "pw",
            "db": 4,
            "sentinel_kwargs": {"password": "theirs"},
        },
    ],
)
def test_sentinels(host: Any) -> None:
    [read] = read_hosts([host])
    assert read.name == "primary of one:1,two:26379/4"
    source = read.source()
    connection = source.make()
    assert isinstance(connection, SentinelManagedConnection)
    assert (connection.username, connection.password, connection.db) == ("user", "pw", 4)
    assert source._sentinel is not None
    asked = [client.connection_pool.connection_kwargs for client in source._sentinel.sentinels]
    assert [(each["host"], each["port"]) for each in asked] == [("one", 1), ("two", 26379)]
    if isinstance(host, dict):
        assert asked[0]["password"] == "theirs"
    [tls] = read_hosts(["rediss+sentinel://one/primary"])
    assert isinstance(tls.source().make(), SentinelManagedSSLConnection)


def test_a_cluster_by_any_of_its_nodes() -> None:
    for hosts, cluster in ((["rediss+cluster://u:pw@h:7000"], False), ([{"host": "h", "port": 7000}], True)):
        [read] = read_hosts(hosts, cluster=cluster)
        assert read.cluster and read.name == "h:7000"
        other = read.at("10.0.0.2", 7001)
        assert other.name == "10.0.0.2:7001" and other.cluster
        assert other.source().make().host == "10.0.0.2"
        assert other.options.get("password") == read.options.get("password")


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        ("redis://h", "is a list"),
        (["http://user:secret@h"], "begins with redis://"),
        (["redis+other://user:secret@h"], "begins with redis://"),
        ([7], "is no host"),
        (["redis+sentinel://h:1"], "name of their master"),
        ([{"sentinels": [("h", 1)]}], "name of their master"),
        (["redis://h:1", ("h", 1)], "twice"),
        (["redis+cluster://h:1", "redis://h:2"], "one host"),
        (["redis://h:1?db=secret"], "cannot be read"),
    ],
)
def test_what_is_no_host_is_said_without_a_password(hosts: Any, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words) as raised:
        read_hosts(hosts)
    assert "secret" not in str(raised.value)


def test_a_layer_shows_where_it_is() -> None:
    assert str(RedisLayer(hosts=["redis://:pw@h:1/2", ("i", 3)])) == "RedisLayer(h:1/2, i:3)"
    assert str(RedisLayer()) == "RedisLayer(localhost:6379)"


def test_names_are_shared_out_evenly_and_stay_where_they_are() -> None:
    """Another server takes its share of each, and no name moves between the others; the order does not matter."""
    names = [f"chat.{n}".encode() for n in range(3000)]
    three, four = ("a:1", "b:1", "c:1"), ("d:1", "c:1", "b:1", "a:1")
    before = [three[home_of(name, three)] for name in names]
    after = [four[home_of(name, four)] for name in names]
    assert all(900 < share < 1100 for share in Counter(before).values())
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {"d:1"} and 650 < len(moved) < 850


def test_without_redis_py_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['redis'] = None; import importlib.util as u; u.find_spec = lambda name: None\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "import hubbub.layers.redis"], capture_output=True, text=True, timeout=30
    )
    assert "pip install 'hubbub[redis]'" in done.stderr


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        ("redis://:pass%2Fword@example.org:6380/2", {"host": "example.org", "password": "pass/word", "db": 2}),
        ("valkeys://user:pw@[::1]:6380", {"host": "::1", "username": "user", "connection": SSL}),
        ("unix:///run/redis.sock?db=3", {"path": "/run/redis.sock", "db": 3, "connection": UNIX}),
        ("redis://one:1,redis://two:2", {"host": "one", "port": 1}),
    ],
)
def test_the_same_servers_for_threads(urls: str, expected: dict[str, Any]) -> None:
    """PRC-6"""
    pool = client(urls).connection_pool
    found = pool.connection_kwargs | {"connection": pool.connection_class}
    assert expected.items() <= found.items()
    assert found["socket_timeout"] == found["socket_connect_timeout"] == ANSWER_SECONDS


def test_sentinels_for_threads() -> None:
    """PRC-6: the same text means the same to both, whatever is in the password."""
    pool = client("rediss+sentinel://user:p%40ss@one:1,[::2]/primary/4?client_name=me").connection_pool
    [read] = read_hosts(["rediss+sentinel://user:p%40ss@one:1,[::2]/primary/4?client_name=me"])
    layers = read.source().make()
    assert pool.connection_class.__name__ == type(layers).__name__ == "SentinelManagedSSLConnection"
    found = pool.connection_kwargs
    for key in ("username", "password", "db", "client_name"):
        assert found[key] == getattr(layers, key)
    assert (found["password"], found["db"]) == ("p@ss", 4)
    asked = [each.connection_pool.connection_kwargs for each in pool.sentinel_manager.sentinels]
    assert [(each["host"], each["port"]) for each in asked] == [("one", 1), ("::2", 26379)]


def first_bytes(listener: socket.socket, got: list[bytes]) -> None:
    """What somebody who connects says first; there is no answer."""
    connection, _ = listener.accept()
    with connection:
        got.append(connection.recv(100))


@pytest.mark.parametrize(("scheme", "begins"), [("redis", b"*"), ("rediss", b"\x16\x03")])
def test_a_cluster_for_threads(scheme: str, begins: bytes) -> None:
    """PRC-6: it is spoken to as the URL says, with TLS or without."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        got: list[bytes] = []
        node = Thread(target=first_bytes, args=(listener, got))
        node.start()
        with pytest.raises((RedisError, RedisClusterException)):
            client(f"{scheme}+cluster://u:p%40w@127.0.0.1:{listener.getsockname()[1]}/0")
        listener.close()
        node.join()
    assert got[0].startswith(begins)
    assert scheme == "rediss" or b"p@w" in got[0]
