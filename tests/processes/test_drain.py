"""SIGTERM: not ready, no new sockets, everybody asked to come back in time, what is under way finished, and an end."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection

import pytest

from tests.durability.checker import check
from tests.durability.client import Client
from tests.durability.load import last_answers
from tests.durability.world import make_world, read_stored
from tests.hostile.wire import TEXT, frame, handshake
from tests.hostile.wire import Client as Wire
from tests.processes.conftest import SETTINGS, PassTo
from tests.services import HOST, LiveServer, StartServer
from tests.waiting import wait_until, wait_until_async

CLIENTS = 200
SENDERS = 40
ENOUGH = 3000


class Asker(threading.Thread):
    """Asks for a page again and again, on a connection that is kept where the server keeps it."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.statuses: list[int] = []
        self.errors: list[str] = []
        self.going = True

    def run(self) -> None:
        connection = HTTPConnection(HOST, self._port, timeout=20)
        while self.going:
            try:
                connection.request("GET", "/healthz", headers={"Host": "localhost"})
                answer = connection.getresponse()
                answer.read()
                self.statuses.append(answer.status)
            except OSError as error:
                self.errors.append(repr(error))
                connection.close()
            time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.faults
async def test_a_deploy_under_load(pass_to: PassTo) -> None:
    """CLO-2, HOST-18, ACK-1, ACK-2, EVT-1: the old server stops while the new one begins, on the same socket."""
    old = await asyncio.to_thread(pass_to, {})
    world = await asyncio.to_thread(make_world, old, CLIENTS, 5, 0)
    clients = [
        Client(name, old.ws_url, token, [world.topics[n % len(world.topics)]])
        for n, (name, token) in enumerate(world.tokens.items())
    ]
    for client in clients[SENDERS:]:
        client.sending = False

    def acknowledged() -> int:
        return sum(len(client.log.acks) for client in clients)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.run()) for client in clients]
        await wait_until_async(lambda: acknowledged() >= ENOUGH // 3, "a third of the answers", 60)
        asker = Asker(old.port)
        asker.start()
        new = await asyncio.to_thread(pass_to, {}, old.data)
        before = acknowledged()
        began = time.monotonic()
        await asyncio.to_thread(old.stop)
        took = time.monotonic() - began
        await wait_until_async(lambda: acknowledged() >= max(before + 200, ENOUGH), "the rest of the answers", 60)
        asker.going = False
        tops = await last_answers(clients)

        def up_to_date(client: Client) -> bool:
            return client.reached({topic: top for topic, top in tops.items() if topic in client.log.began})

        await wait_until_async(lambda: all(map(up_to_date, clients)), "the last events everywhere", 30)
        for task in tasks:
            task.cancel()
    verdict = check([client.log for client in clients], read_stored(new))
    repeats = sum(client.repeats for client in clients)
    print(f"{verdict}; {CLIENTS} clients, {repeats} sends repeated; the old server ended in {took:.2f} s")
    print(f"{len(asker.statuses)} requests meanwhile: {set(asker.statuses)}, {len(asker.errors)} without an answer")
    assert verdict.clean, verdict
    assert verdict.unanswered == 0
    assert set(asker.statuses) == {200}
    assert not asker.errors, asker.errors
    assert took < 10
    assert "Traceback" not in old.log()


@pytest.fixture
def draining(live_server_process: StartServer) -> Iterator[tuple[LiveServer, list[Wire]]]:
    """A server that takes some seconds to let go of its clients, and was told to."""
    server = live_server_process(env={"HUBBUB_DRAIN_RATE": "10"})
    with ExitStack() as stack:
        clients = [Wire.open(server.port) for _ in range(30)]
        for client in clients:
            stack.callback(client.close)
        server.signal(signal.SIGTERM)
        wait_until(lambda: status_of(server, "/readyz")[0] == 503, "its being unready")
        yield server, clients


def status_of(server: LiveServer, path: str) -> tuple[int, str, str]:
    """Status, body, and whether the connection is kept, on a new connection; 0 where nobody listens."""
    connection = HTTPConnection(HOST, server.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.getheader("Connection", "")
    except ConnectionError:
        return 0, "", ""
    finally:
        connection.close()


def test_meanwhile(draining: tuple[LiveServer, list[Wire]]) -> None:
    """HOST-18, CLO-2: unready at once, requests answered, handshakes 503, and those who are still there served."""
    server, clients = draining
    assert json.loads(status_of(server, "/readyz")[1]) == {"status": "unready", "reason": "stopping"}
    assert status_of(server, "/healthz")[::2] == (200, "close")
    late = Wire.tcp(server.port)
    late.send(handshake())
    head = late.head().decode()
    assert head.startswith("HTTP/1.1 503 ")
    assert 1 <= int(head.split("Retry-After: ")[1].split("\r")[0]) <= 5
    assert late.ended()
    codes = [client.close_code() for client in clients]
    assert codes == [1012] * 30
    for client in clients:
        client.close()
    began = time.monotonic()
    server.wait(10)
    print(f"30 sockets at 10 a second; all 1012; ended {time.monotonic() - began:.2f} s after the last one")
    assert status_of(server, "/readyz")[0] == 0
    assert "Traceback" not in server.log()


def test_a_second_signal_is_now(draining: tuple[LiveServer, list[Wire]]) -> None:
    """HOST-18: the sockets that are left are told 1012 all the same."""
    server, clients = draining
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    codes = [client.close_code() for client in clients]
    for client in clients:
        client.close()
    server.wait(5)
    took = time.monotonic() - began
    print(f"1012 to {codes.count(1012)} of {len(codes)}; ended in {took:.2f} s")
    assert codes == [1012] * 30
    assert took < 2.5


@pytest.mark.slow
def test_clients_that_never_read(live_server_process: StartServer) -> None:
    """CLO-2, HOST-18: they have their time, and hold nobody up."""
    server = live_server_process(env=SETTINGS | {"HUBBUB_GUESTS": "true"})
    stuck = [Wire.open(server.port, "/ws/chat/hall/") for _ in range(5)]
    quiet, loud = Wire.open(server.port), Wire.open(server.port, "/ws/chat/hall/")
    said = frame(TEXT, json.dumps({"message": "x" * 4900}).encode())
    for _ in range(100):  # 10 MB: more than the kernel takes of what nobody reads.
        assert loud.send(said * 20)
        for _ in range(20):
            assert loud.read()
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    assert quiet.close_code() == 1012
    told = time.monotonic() - began
    for client in (quiet, loud):
        client.close()
    server.wait(15)
    took = time.monotonic() - began
    print(f"who reads was told after {told:.2f} s; ended in {took:.2f} s with {len(stuck)} who don't")
    assert told < 2
    assert took < 10
    for client in stuck:
        client.close()


@pytest.mark.slow
def test_it_always_ends(live_server_process: StartServer) -> None:
    """HOST-18: also where the application hangs for ever."""
    server = live_server_process(env={"DJANGO_SETTINGS_MODULE": "tests.processes.hanging"})
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    code = server.wait(25)  # DRAIN_SECONDS, half a second here, and 20 more.
    print(f"ended by {signal.Signals(-code).name} after {time.monotonic() - began:.1f} s")
    assert code == -signal.SIGALRM
    server.start()
    server.signal(signal.SIGTERM)
    wait_until(lambda: "Waiting for application shutdown" in server.log().split("Finished")[-1], "the shutdown")
    began = time.monotonic()
    server.signal(signal.SIGINT)
    server.wait(5)
    print(f"and by a second signal after {time.monotonic() - began:.1f} s")
