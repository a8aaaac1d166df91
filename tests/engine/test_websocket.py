"""The WebSocket transport, driven as an ASGI server would."""

import asyncio
from typing import Any

import msgspec

from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Busy, NotAuthenticated
from hubbub.testing import MemoryEngine, settle
from hubbub.transports.websocket import ROUTE, HubbubConsumer, choose_subprotocol, find_route


class Socket:
    """One ASGI connection: what the server would say and what it was told."""

    def __init__(self, engine: MemoryEngine, path: str = "/ws/", *, slow_accept: bool = False, **scope: Any) -> None:
        async def get_engine():
            return engine.engine

        self.told: list[dict[str, Any]] = []
        self._says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._says.put_nowait({"type": "websocket.connect"})
        whole = {"type": "websocket", "path": path, "client": ("10.0.0.1", 5000), **scope}
        whole[ROUTE] = find_route(whole["path"], "ws/")
        self.lag = asyncio.Event()
        """Until this is set, the server takes no accept."""
        if not slow_accept:
            self.lag.set()
        self.task = asyncio.ensure_future(HubbubConsumer(get_engine)(whole, self._says.get, self._tell))

    async def _tell(self, message):
        self.told.append(message)
        if message["type"] == "websocket.accept":
            await self.lag.wait()

    def say(self, message):
        self._says.put_nowait(message)

    @property
    def types(self):
        return [message["type"].removeprefix("websocket.") for message in self.told]


def user(name):
    return Actor(key=f"u.{name}", user_id=name, username=name)


async def test_ready_follows_the_accept():
    """ENV-6"""
    async with MemoryEngine() as engine:
        socket = Socket(engine, actor=user("alice"), subprotocols=["hubbub.v1"])
        await settle()
        assert socket.types == ["accept", "send"]
        assert socket.told[0]["subprotocol"] == "hubbub.v1"
        assert msgspec.json.decode(socket.told[1]["text"])["type"] == "ready"
        socket.say({"type": "websocket.receive", "bytes": b"\x00", "text": None})
        await settle()
        assert msgspec.json.decode(socket.told[2]["text"])["error"]["code"] == "bad_json"
        socket.say({"type": "websocket.disconnect", "code": 1001})
        await socket.task
        assert len(engine.engine.sessions) == 0


async def test_refusals_are_accepted_first_and_say_nothing():
    """AUT-2"""
    async with MemoryEngine(guests=False) as engine:
        for actor, code in ((NotAuthenticated(), 4001), (None, 4001), (Busy(), 1013)):
            socket = Socket(engine, actor=actor)
            await settle()
            assert socket.types == ["accept", "close"]
            assert socket.told[1]["code"] == code
            assert socket.task.done()
        assert len(engine.engine.sessions) == 0
        assert not engine.engine.limiter.connections


async def test_too_many_connections():
    """LIM-3: for a user from everywhere, and for an address whoever it is."""
    async with MemoryEngine(sockets_per_user=2, sockets_per_address=3) as engine:
        first = [Socket(engine, actor=user("alice")) for _ in range(2)]
        await settle()
        third = Socket(engine, actor=user("alice"), client=("10.0.0.2", 1))
        bob, carol = Socket(engine, actor=user("bob")), Socket(engine, actor=user("carol"))
        await settle()
        for refused in (third, carol):
            assert refused.types == ["accept", "close"]
            assert refused.told[1]["code"] == 4029
        assert bob.types == ["accept", "send"]
        first[0].say({"type": "websocket.disconnect", "code": 1000})
        await first[0].task
        again = Socket(engine, actor=user("alice"), client=("10.0.0.2", 1))
        await settle()
        assert again.types == ["accept", "send"]


async def test_closed_while_it_is_accepted():
    """AUT-4: the handshake is answered once, however slow the server, and then the close."""
    async with MemoryEngine() as engine:
        socket = Socket(engine, actor=user("alice"), slow_accept=True)
        await settle()
        assert socket.types == ["accept"]
        engine.engine.sessions.end("u.alice", "signed out")
        await settle()
        assert socket.types == ["accept"]
        socket.lag.set()
        await settle()
        assert socket.types == ["accept", "close"]
        assert socket.told[1]["code"] == 4001
        socket.say({"type": "websocket.disconnect", "code": 4001})
        await socket.task


async def test_gone_while_it_is_accepted():
    """Nothing waits for ever for an accept that failed."""
    async with MemoryEngine() as engine:
        socket = Socket(engine, actor=user("alice"), slow_accept=True)
        await settle()
        engine.engine.sessions.end("u.alice", "signed out")
        await settle()
        socket.task.cancel()
        await settle()
        assert socket.task.done()
        assert len(engine.engine.sessions) == 0
        assert socket.types == ["accept", "close"]


def test_an_unknown_path_has_no_route():
    for path in ("/ws/nothing/", "/else/", "/ws"):
        assert find_route(path, "ws/") is None, path
    assert find_route("/ws/", "ws/")


def test_subprotocols():
    assert choose_subprotocol([], "chat") is None
    assert choose_subprotocol(["a", "b"], "chat") == "a"
    assert choose_subprotocol(["a", "chat"], "chat") == "chat"
