"""So many handshakes at once, and the others in turn. A storm of them: ``test_storm.py``."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import pytest
from uvicorn.server import ServerState

from hubbub.transports.uvicorn import HubbubHTTPProtocol, HubbubWebSocketProtocol, make_config
from hubbub.transports.uvicorn.admission import PER_TURN, Admission
from tests.hostile.wire import TEXT, Client, frame, handshake
from tests.services import HOST, StartServer


class Visitor:
    """Notes what happens to it."""

    def __init__(self) -> None:
        self.admitted_at: int | None = None
        self.retry_after: int | None = None

    def admitted(self) -> None:
        Visitor.count += 1
        self.admitted_at = Visitor.count

    def turned_away(self, retry_after: int) -> None:
        self.retry_after = retry_after

    count = 0


async def turn() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_so_many_at_once_and_the_rest_in_their_order() -> None:
    """HOST-19"""
    door = Admission(2)
    visitors = [Visitor() for _ in range(5)]
    for visitor in visitors:
        door.enter(visitor)
    assert [visitor.admitted_at is not None for visitor in visitors] == [True, True, False, False, False]
    door.forget(visitors[3])
    door.leave()
    await turn()
    assert visitors[2].admitted_at and not visitors[4].admitted_at
    door.leave()
    door.leave()
    await turn()
    assert visitors[4].admitted_at
    assert visitors[3].admitted_at is None
    assert (door.under_way, door.waiting) == (1, 0)


async def test_few_begin_in_one_turn_of_the_loop() -> None:
    """HOST-19: who is connected has its turn in between."""
    door = Admission(100)
    first, rest = [Visitor() for _ in range(100)], [Visitor() for _ in range(50)]
    for visitor in (*first, *rest):
        door.enter(visitor)
    for _ in first:
        door.leave()
    await asyncio.sleep(0)
    assert sum(visitor.admitted_at is not None for visitor in rest) == PER_TURN
    while any(visitor.admitted_at is None for visitor in rest):
        await asyncio.sleep(0)
    assert (door.under_way, door.waiting) == (50, 0)


async def test_who_has_waited_too_long_is_turned_away() -> None:
    """HOST-19"""
    door = Admission(1, patience=0.5)
    inside, early = Visitor(), Visitor()
    door.enter(inside)
    door.enter(early)
    await asyncio.sleep(0.3)
    late = Visitor()
    door.enter(late)
    while early.retry_after is None:
        await asyncio.sleep(0.001)
    assert late.retry_after is None
    assert early.admitted_at is None and 1 <= early.retry_after <= 5
    while late.retry_after is None:
        await asyncio.sleep(0.001)
    assert (door.under_way, door.waiting) == (1, 0)


async def test_a_closed_door() -> None:
    """HOST-18: who waits is turned away, and so is who comes."""
    door = Admission(1)
    inside, waiting, late = Visitor(), Visitor(), Visitor()
    door.enter(inside)
    door.enter(waiting)
    door.close()
    door.enter(late)
    assert waiting.retry_after and late.retry_after and inside.retry_after is None
    door.leave()
    await turn()
    assert (door.under_way, door.waiting) == (0, 0)


class Broken(Visitor):
    """Raises in the middle of its handshake."""

    def admitted(self) -> None:
        raise RuntimeError("a bug")


async def test_a_handshake_that_cannot_begin(caplog: pytest.LogCaptureFixture) -> None:
    """HOST-19: it takes nobody's place, and those who wait have their turn."""
    door = Admission(1)
    first, after = [Broken(), Visitor()], [Broken(), Broken(), Visitor()]
    for visitor in (*first, *after):
        door.enter(visitor)
    assert first[0].retry_after and first[1].admitted_at
    door.leave()
    for _ in range(10):
        await turn()
    assert after[2].admitted_at and all(visitor.retry_after for visitor in after[:2])
    assert (door.under_way, door.waiting) == (1, 0)
    assert "a bug" in caplog.text


@pytest.mark.parametrize("step", ["take_over", "_run"])
async def test_a_connection_whose_handshake_breaks(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOST-19: it is ended, and makes room for the next."""

    def broken(*args: object) -> None:
        raise RuntimeError("a bug")

    async def app(scope: object, receive: object, send: object) -> None: ...

    config = make_config(app, ws=type("Breaks", (HubbubWebSocketProtocol,), {step: broken}), handshakes=1)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: HubbubHTTPProtocol(config=config, server_state=state, app_state={}), HOST, 0
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        for _ in range(3):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(handshake())
            with suppress(ConnectionResetError):
                assert b" 101 " not in await asyncio.wait_for(reader.read(), 5)
            writer.close()
        assert (config.admission.under_way, config.admission.waiting) == (0, 0)


def test_every_handshake_is_over_some_time(live_server_process: StartServer) -> None:
    """HOST-19: however it ends, it makes room for the next."""
    server = live_server_process(env={"HUBBUB_HANDSHAKES": "1"})
    refused = (
        handshake("/ws/nowhere/"),
        handshake("/ws/?token=bad"),
        handshake("/ws/", b"Origin: http://evil.example"),
    )
    broken = (handshake().replace(b"13", b"12"), handshake() + frame(TEXT, b"early"), handshake()[:40])
    for request in (*refused, *broken) * 5:
        client = Client.tcp(server.port)
        client.send(request)
        client.close()
    began = time.monotonic()
    for _ in range(20):
        Client.open(server.port).close()
    assert time.monotonic() - began < 5
    assert "handshakes are under way" not in server.log()
