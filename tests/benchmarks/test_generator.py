"""What the load generator counts, against a server that breaks its promise on purpose."""

import json
import os
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from benchmarks import generator, home
from benchmarks.plans import Client, Group, Plan, Speech, expects, rate, sends, window
from benchmarks.processes import Process
from tests.services import HOST

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")

MEMBERS = 5
SPEECH = Speech(publish='{"say":"%R","body":"%B"}', ping=("ping", "pong"))
Deliver = Callable[[int, ServerConnection, str], None]


@pytest.fixture(scope="module", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(home, "HOME", tmp_path_factory.mktemp("bench"))
    home.generator.cache_clear()
    yield
    home.generator.cache_clear()
    patch.undo()


def as_promised(nth: int, member: ServerConnection, text: str) -> None:
    member.send(text)


@contextmanager
def server(deliver: Deliver, folder: Path) -> Iterator[Process]:
    """Rooms, with a way to deliver a room's nth message to its last member."""
    rooms: dict[str, list[ServerConnection]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    lock = threading.Lock()

    def member(connection: ServerConnection) -> None:
        connection.send("ping")
        assert connection.recv() == "hello", "steps come first, in order"
        for received in connection:
            if received == "pong":
                connection.send("joined")
                continue
            message = json.loads(received)
            if "join" in message:
                with lock:
                    rooms[message["join"]].append(connection)
                continue
            with lock:
                room = message["say"]
                counts[room] += 1
                *others, last = rooms[room]
                for other in others:
                    other.send(message["body"])
                deliver(counts[room], last, message["body"])

    with serve(member, HOST, 0, compression=None) as listening:
        port = listening.socket.getsockname()[1]
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        log = folder / "log"
        log.touch()
        yield Process(os.getpid(), port, log)
        listening.shutdown()


def measured(deliver: Deliver, folder: Path, rooms: int = 2) -> generator.Measured:
    def client(room: str) -> Client:
        return Client("/", steps=(sends("hello"), sends(json.dumps({"join": room})), expects("joined")))

    named = {f"r{number}": [client(f"r{number}") for _ in range(MEMBERS)] for number in range(rooms)}
    plan = Plan(SPEECH, [Group("all", window(2), named)])
    with server(deliver, folder) as process:
        return generator.run(process, plan, folder / "load", seconds=0.5, warmup=0.1)


def test_what_arrives_is_counted_once(tmp_path: Path) -> None:
    found = measured(as_promised, tmp_path)
    traffic = found.groups["all"]
    assert found.lost == 0
    assert traffic.deliveries >= MEMBERS * 10
    assert abs(traffic.deliveries - MEMBERS * traffic.published) <= 2 * 2 * MEMBERS * 2, "but for what was under way"
    assert 0 < traffic.delivery.p50_ms <= traffic.delivery.p99_ms <= 500


def test_a_lost_message_is_missing_and_the_room_goes_on(tmp_path: Path) -> None:
    def lose_one(nth: int, member: ServerConnection, text: str) -> None:
        if nth != 3:
            member.send(text)

    found = measured(lose_one, tmp_path)
    assert found.groups["all"].missing == 2, "one in each of two rooms"
    assert found.groups["all"].doubled == found.closed == 0


def test_the_last_message_may_be_lost_too(tmp_path: Path) -> None:
    def lose_all_later(nth: int, member: ServerConnection, text: str) -> None:
        if nth <= 3:
            member.send(text)

    found = measured(lose_all_later, tmp_path, rooms=1)
    assert found.groups["all"].missing >= 1


def test_a_message_that_comes_twice_is_counted(tmp_path: Path) -> None:
    def say_one_twice(nth: int, member: ServerConnection, text: str) -> None:
        for _ in range(2 if nth == 3 else 1):
            member.send(text)

    assert measured(say_one_twice, tmp_path).groups["all"].doubled == 2


def test_a_client_that_is_closed_is_counted(tmp_path: Path) -> None:
    def close_at_third(nth: int, member: ServerConnection, text: str) -> None:
        if nth == 3:
            member.socket.shutdown(2)
        elif nth < 3:
            member.send(text)

    found = measured(close_at_third, tmp_path, rooms=1)
    assert found.closed == 1
    assert found.lost > found.closed


def test_a_rate_is_kept(tmp_path: Path) -> None:
    steps = (sends("hello"), sends(json.dumps({"join": "r"})), expects("joined"))
    plan = Plan(SPEECH, [Group("steady", rate(100), {"r": [Client("/", steps=steps)] * MEMBERS})])
    with server(as_promised, tmp_path) as process:
        found = generator.run(process, plan, tmp_path / "load", seconds=1, warmup=0.1)
    assert found.lost == 0
    assert 95 <= found.groups["steady"].published <= 105
