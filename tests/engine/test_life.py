"""How sessions live and end: heartbeat, tokens, revocations."""

import asyncio
import dataclasses

import msgspec

from hubbub.engine.actor import Actor
from hubbub.engine.control import CONTROL_TOPIC, AccessGranted, AccessRevoked, SessionsEnded, TopicClosed
from hubbub.engine.lingering import LINGER_SECONDS
from hubbub.engine.session import Session
from hubbub.protocol.close import Close
from hubbub.protocol.dialect import V1_DIALECT
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import TopicKind, event, topic_kind
from hubbub.testing import FakeConnection, MemoryEngine, settle


@event("test.said")
class Said(msgspec.Struct):
    n: int


topic_kind(TopicKind("talk", lambda actor, topic: None))


def user(name, **more):
    return Actor(key=f"u.{name}", user_id=name, username=name, **more)


def pings(connection):
    return sum(frame["type"] == "ping" for frame in connection.frames)


async def test_pings_and_zombies():
    """HRT-1"""
    async with MemoryEngine(heartbeat=10) as engine:
        alive, dead = await engine.connect("alive"), await engine.connect("dead")
        for _ in range(4):
            await engine.clock.advance(10)
            alive.send_text('{"type": "pong"}')
        assert pings(alive) == 4 and alive.closed is None
        assert dead.closed == Close.GOING_AWAY and Close.GOING_AWAY.reconnect
        assert all(frame["type"] != "reply" for frame in alive.frames)


async def test_a_token_expires_unless_it_is_refreshed():
    """AUT-3"""
    async with MemoryEngine(heartbeat=1000) as engine:
        now = engine.clock.now().timestamp()
        first = user("alice", expires=now + 60, login="l1")
        engine.tokens["fresh"] = dataclasses.replace(first, expires=now + 600)
        engine.tokens["bob's"] = user("bob", expires=now + 600)
        keeps, lapses = await engine.connect(first), await engine.connect(first)
        assert (await keeps.command("auth.refresh", data={"token": "bad"}))["error"]["code"] == "not_authenticated"
        assert (await keeps.command("auth.refresh", data={"token": "bob's"}))["error"]["code"] == "not_authenticated"
        assert (await keeps.command("auth.refresh", data={"token": "fresh"}))["ok"] == {"expires_in": 600}
        await engine.clock.advance(61)
        assert lapses.closed == Close.NOT_AUTHENTICATED
        assert keeps.closed is None
        engine.clock.step(-7200)
        await engine.clock.advance(10)
        assert keeps.closed is None


async def test_a_login_that_ends_while_its_token_is_checked():
    """AUT-3 AUT-4"""
    async with MemoryEngine() as engine:
        now = engine.clock.now().timestamp()
        engine.tokens["second"] = user("alice", login="l2", expires=now + 600)
        checking = asyncio.Event()
        authenticate = engine.engine.authenticate_token

        async def slowly(token):
            actor = await authenticate(token)
            await checking.wait()
            return actor

        engine.engine.authenticate_token = slowly
        alice = await engine.connect(user("alice", login="l1", expires=now + 60))
        alice.send_text('{"id": 1, "type": "auth.refresh", "data": {"token": "second"}}')
        await settle()
        await engine.publish(CONTROL_TOPIC, SessionsEnded("u.alice", "signed out", login="l2"))
        assert alice.closed is None
        checking.set()
        await settle()
        assert alice.closed == Close.NOT_AUTHENTICATED


async def test_sockets_end_with_their_login():
    """AUT-4"""
    async with MemoryEngine() as engine:
        phone, laptop = await engine.connect(user("alice", login="p")), await engine.connect(user("alice", login="l"))
        bob = await engine.connect(user("bob", login="p"))
        await phone.command("subscribe", "talk.a")
        await engine.publish(CONTROL_TOPIC, SessionsEnded("u.alice", "signed out", login="p"))
        assert (phone.closed, laptop.closed, bob.closed) == (Close.NOT_AUTHENTICATED, None, None)
        await engine.publish("talk.a", Said(1))
        assert phone.events() == []
        tablet = await engine.connect(user("alice", login="t"))
        await engine.publish(CONTROL_TOPIC, SessionsEnded("u.alice", "password changed", except_login="t"))
        assert (laptop.closed, tablet.closed) == (Close.NOT_AUTHENTICATED, None)
        await engine.publish(CONTROL_TOPIC, SessionsEnded("u.alice", "deactivated"))
        assert tablet.closed == Close.NOT_AUTHENTICATED and bob.closed is None


async def test_an_ending_is_heard_though_the_epoch_changes() -> None:
    """AUT-4: by the first event that tells of the epoch itself, and by one before it that nobody has heard."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        await engine.publish(CONTROL_TOPIC, SessionsEnded("u.nobody", "deactivated"))
        engine.store.begin_epoch("e2")
        engine.store.append(CONTROL_TOPIC, SessionsEnded("u.bob", "deactivated"))
        await engine.publish(CONTROL_TOPIC, SessionsEnded("u.alice", "deactivated"))
        await engine.clock.advance(1)
        assert (alice.closed, bob.closed) == (4001, 4001)


async def test_a_login_that_ends_between_check_and_connect():
    """AUT-4: the credentials were read, then the login ended, then the session was registered."""
    async with MemoryEngine() as engine:
        checked_at = engine.clock.monotonic()
        await engine.publish(CONTROL_TOPIC, SessionsEnded("u.alice", "signed out", login="p"))
        late = FakeConnection()
        late.session = Session(engine.engine, late.sink, user("alice", login="p"), V1_DIALECT)
        await late.session.open([], checked_at)
        await settle()
        assert late.closed == Close.NOT_AUTHENTICATED and late.frames == []
        await engine.clock.advance(1)
        assert (await engine.connect(user("alice", login="q"))).closed is None


async def test_access_that_ends_and_begins():
    """SUB-4 CHT-9 CHT-6"""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await alice.command("subscribe", "talk.a")
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.alice", "talk.a", "removed"))
        await engine.publish("talk.a", Said(1))
        assert alice.frames[-1] == {"type": "unsubscribed", "topic": "talk.a", "data": {"reason": "removed"}}
        assert alice.events() == []
        await engine.publish(CONTROL_TOPIC, AccessGranted("u.alice", "talk.a", Position("e1", 1)))
        assert "talk.a" not in alice.session.subscriptions  # It follows no inbox.
        alice.session.follows_grants = frozenset({"talk"})
        engine.store.append("talk.a", Said(2))
        await engine.publish(CONTROL_TOPIC, AccessGranted("u.alice", "talk.a", Position("e1", 1)))
        await engine.publish("talk.a", Said(3))
        assert [frame["offset"] for frame in alice.events("talk.a")] == [2, 3]
        await alice.command("unsubscribe", "talk.a")
        await engine.publish("talk.a", Said(4))
        assert alice.events("talk.a")[-1]["offset"] == 4


async def test_stopping_sends_everybody_elsewhere():
    """CLO-1"""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
    assert alice.closed == Close.RESTART
    assert len(engine.engine.tasks) == 0


def test_which_codes_ask_for_a_reconnect():
    """CLO-1"""
    stay_away = {code for code in Close if not code.reconnect}
    assert stay_away == {Close.NORMAL, Close.TOO_BIG, Close.NOT_ALLOWED}
    assert {1000, 1001, 1009, 1012, 1013, 4001, 4003, 4008, 4010, 4029} == set(Close)


async def test_nothing_is_left_of_a_session():
    async with MemoryEngine() as engine:
        await settle()
        baseline = len(engine.engine.tasks)
        for n in range(100):
            each = await engine.connect(f"user {n}")
            await each.command("subscribe", "talk.a")
            each.cut()
        await settle()
        assert len(engine.engine.sessions) == 0
        assert len(engine.engine.tasks) == baseline
        await engine.clock.advance(LINGER_SECONDS + 1)  # They may come back until then.
        assert engine.engine.hub.topics.keys() == {CONTROL_TOPIC}
        assert len(engine.engine.tasks) == baseline


async def test_a_topic_that_is_closed():
    """AUD-4 SUB-4: nobody follows it any more, and who has just gone is not let in from memory."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        for each in (alice, bob):
            await each.command("subscribe", "talk.a")
            await each.command("subscribe", "talk.b")
        await engine.publish("talk.a", Said(1))
        await engine.publish(CONTROL_TOPIC, TopicClosed("talk.a", "ended"))
        await engine.publish("talk.a", Said(2))
        for each in (alice, bob):
            assert each.frames[-1] == {"type": "unsubscribed", "topic": "talk.a", "data": {"reason": "ended"}}
            assert len(each.events("talk.a")) == 1
            assert set(each.session.subscriptions) == {"talk.b"}
