"""Nothing is left of connections that are over, however they ended. The benchmark does the same 50,000 times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from benchmarks.feature.messages import CensusReply
from tests.hostile.wire import CLOSE, PING, TEXT, Client, frame, handshake
from tests.services import LiveServer
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
ENV = {
    "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
    "PYTHONPATH": str(ROOT),
    "HUBBUB_GUESTS": "true",
    # Else a topic is remembered for a minute after its last connection was cut.
    "HUBBUB_RECENT_BYTES": "0",
}
CONNECTS = 300
ENDINGS = {
    "by a close frame": frame(CLOSE, b"\x03\xe8"),
    "by going away": b"",
    "by a broken frame": frame(TEXT, b"x", mask=False),
    "by a flood of pings": frame(PING) * 300,
    "in the middle of a message": frame(TEXT, b"x", fin=False),
    "in the middle of a command": frame(TEXT, b'{"id": 9, "type": "subscribe", "topic": "bench.late"}'),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("server"), env=ENV)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        print(server.log()[-20_000:])


def census(server: LiveServer) -> dict[str, int]:
    with connect(server.ws_url, proxy=None) as socket:
        socket.send('{"id": 1, "type": "bench.census"}')
        while (answer := json.loads(socket.recv(20)))["type"] != "reply":
            pass
    assert set(CensusReply.__struct_fields__) == set(answer["ok"])
    # Objects come and go with caches; the benchmark shows them.
    return {name: count for name, count in answer["ok"].items() if name not in ("objects", "layers")}


def come_and_go(server: LiveServer, count: int) -> None:
    """Each connection follows two topics, one of them alone, says something in it, and ends in a way of its own."""
    for number in range(count):
        client = Client.open(server.port)
        for id, topic in enumerate(("bench.all", f"bench.own{number}")):
            command = {"id": id, "type": "subscribe", "topic": topic}
            client.send(frame(TEXT, json.dumps(command).encode()))
        said = {"id": "said", "type": "bench.say", "topic": f"bench.own{number}", "data": {"body": "x"}}
        client.send(frame(TEXT, json.dumps(said).encode()))
        while (found := client.read()) and b'"said"' not in found[1]:
            pass
        client.send(list(ENDINGS.values())[number % len(ENDINGS)])
        client.close()


def refused(server: LiveServer) -> None:
    """Handshakes that come to nothing: no such path, a bad token, gone before the answer, half a request."""
    for request in (handshake("/ws/nowhere/"), handshake("/ws/?token=bad"), handshake(), handshake()[:40]):
        client = Client.tcp(server.port)
        client.send(request)
        client.close()


def no_more(found: dict[str, int], before: dict[str, int]) -> bool:
    return all(count <= before[name] for name, count in found.items())


def test_nothing_is_left(server: LiveServer) -> None:
    """HOST-6: sessions, subscriptions, counts of limits, tasks and files are as many as before."""
    come_and_go(server, 50)  # What is made once: threads, connections to the database.
    refused(server)
    wait_until(lambda: census(server)["sessions"] == 1, "the first ones have gone")
    before = census(server)
    come_and_go(server, CONNECTS)
    for _ in range(10):
        refused(server)
    # Threads for reading are made when they are needed, and stay, each with its files: never more than a few.
    before["files"] += 20
    wait_until(lambda: no_more(census(server), before), f"no more than before: {before}")
    after = census(server)
    print(f"before {CONNECTS} connections {before}, after them {after}")
    assert "Traceback" not in server.log()
