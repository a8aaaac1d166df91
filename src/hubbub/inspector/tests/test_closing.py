"""Closing one connection, in this process and in another; two processes seen at once."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from hubbub.django.relay import LayerRelay
from hubbub.engine.actor import Actor
from hubbub.engine.incoming import receive
from hubbub.inspector import watch
from hubbub.inspector.policy import LIVE
from hubbub.inspector.tests.conftest import tick, told
from hubbub.layers.memory import InMemoryLayer
from hubbub.protocol.close import Close
from hubbub.testing import LiveEngine, MemoryEngine, settle


@pytest.mark.django_db(transaction=True)
async def test_closing(caplog: pytest.LogCaptureFixture) -> None:
    """OPS-3: that one alone, with a code that lets it come back, and the log says who did it."""
    async with LiveEngine() as live:
        keeper = await live.run(lambda: User.objects.create_user("keeper", is_staff=True))
        alice = await live.run(lambda: User.objects.create_user("alice"))
        one, other, watcher = [await live.connect(user) for user in (alice, alice, keeper)]
        assert await one.error("inspect.close", data={"session": other.session.id}) == "forbidden"
        assert "ok" in await watcher.command("inspect.close", data={"session": one.session.id})
        await one.wait_for(lambda: one.closed, "the close")
        assert one.closed == Close.RESTART and Close.RESTART.reconnect
        assert other.closed is None
        assert f"Session {one.session.id} of 'alice' was closed 1012: 'keeper' asked for it." in caplog.text
        # One that is in no process is no error: another process may have had it.
        assert "ok" in await watcher.command("inspect.close", data={"session": "gone"})


@pytest.mark.django_db(transaction=True)
async def test_who_is_no_longer_staff() -> None:
    """OPS-3: sees nothing more of it, on connections that are open either; who becomes staff may look at once."""
    async with LiveEngine() as live:
        keeper = await live.run(lambda: User.objects.create_user("keeper", is_staff=True))
        watcher = await live.connect(keeper)
        await watcher.send("subscribe", LIVE)

        def change(is_staff: bool) -> None:
            keeper.is_staff = is_staff
            keeper.save()

        await live.run(lambda: change(False))
        await watcher.wait_for(lambda: watcher.closed, "the close")
        assert watcher.closed == Close.RESTART
        again = await live.connect(keeper)
        assert await again.error("subscribe", LIVE) == "forbidden"
        await live.run(lambda: change(True))
        await again.wait_for(lambda: again.session.actor.is_staff or None, "the news")
        await again.send("subscribe", LIVE)


class Process:
    """An engine with a relay, as another process would be, under a name of its own."""

    def __init__(self, layer: Any) -> None:
        self.memory = MemoryEngine()
        self.relay = self.memory.relay = LayerRelay(layer)

    async def __aenter__(self) -> MemoryEngine:
        engine = await self.memory.__aenter__()
        self.relay.start(engine.engine)
        await settle()
        return engine

    async def __aexit__(self, *exc: object) -> None:
        await self.memory.__aexit__(*exc)


async def test_two_processes(keeper: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-3: who looks in one is told of both; a trace takes in the connections of both."""
    names = iter(f"process {number}" for number in range(1000))
    monkeypatch.setattr(watch, "process_name", lambda: next(names))
    layer = InMemoryLayer()
    async with Process(layer) as one, Process(layer) as two:
        for name in ("alice", "bob"):
            await two.connect(name)
        watcher = await one.connect(keeper)
        await watcher.command("subscribe", LIVE)
        await watcher.command("subscribe", "inspect.u.alice")
        for _ in range(3):
            for each in (one, two):
                await tick(each)
        counts = {data["totals"]["sessions"] for data in told(watcher, "inspect.measured")}
        assert counts == {1, 2}
        alice = next(session for session in two.engine.sessions.all() if session.actor.username == "alice")
        receive(alice, '{"id": 7, "type": "unsubscribe", "topic": "look.a"}')
        for each in (two, one, two):
            await tick(each)
        sessions = {frame["session"] for data in told(watcher, "inspect.frames_seen") for frame in data["frames"]}
        assert sessions == {alice.id}
        await watcher.command("unsubscribe", LIVE)
        await watcher.command("unsubscribe", "inspect.u.alice")
        for _ in range(5):
            for each in (one, two):
                await tick(each)
        assert watch.watch_of(two.engine).census is None
        assert not hasattr(alice.dialect, "inner")
