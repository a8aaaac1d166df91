"""Connections in memory, with and without a transaction around the test."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from hubbub import publish
from hubbub.accounts.actions import sign_in_with_access_token
from hubbub.chat import actions as chat
from hubbub.django import runtime
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM
from hubbub.protocol.errors import Empty
from hubbub.protocol.registry import TopicKind, event, topic_kind
from hubbub.testing import LiveServer, ProjectEngine, assert_no_events


@event("kit.noted")
class Noted(msgspec.Struct):
    n: int


topic_kind(TopicKind("kit", lambda actor, topic: None))

# The same tests within a transaction that is rolled back, and with real commits.
both = pytest.mark.parametrize(
    "committed",
    [
        pytest.param(False, marks=pytest.mark.django_db),
        pytest.param(True, marks=pytest.mark.django_db(transaction=True)),
    ],
    ids=["db", "transactional_db"],
)


@both
async def test_two_people_talk(committed, hubbub_pair):
    alice, bob = await hubbub_pair()
    made = await alice.send("chat.create", None, {"participants": ["bob"]})
    topic = made["conversation"]["topic"]
    await alice.subscribe(topic)
    at = (await bob.subscribe(topic))["position"]
    sent = await alice.send("chat.send", topic, {"content": "hi"})
    event = await bob.event("chat.message_sent", topic)
    assert event["data"]["message"] == sent["message"]
    assert event["offset"] == sent["offset"] == at["offset"] + 1
    assert await alice.event() == event
    await assert_no_events(alice, bob)
    assert alice.user.username == "alice"


@both
def test_two_people_talk_without_a_coroutine(committed, hubbub_sync):
    alice, bob = hubbub_sync.pair()
    made = alice.send("chat.create", None, {"participants": ["bob"]})
    topic = made["conversation"]["topic"]
    bob.subscribe(topic)
    alice.send("chat.send", topic, {"content": "hi"})
    assert bob.event("chat.message_sent")["data"]["message"]["content"] == "hi"
    assert bob.error("chat.send", topic, {"content": " "}) == "empty"
    bob.no_event()
    bob.cut()
    assert bob.closed == 1006


@both
def test_a_view_reaches_sockets(committed, ann, ben, hubbub_sync):
    """EVT-3: over REST the event comes with the commit; in a TestCase, where there is none, with the view's end."""
    group = chat.create_conversation(actor_of_user(ann), ["ben"], "Plans").conversation
    alice = hubbub_sync.connect(ann)
    alice.subscribe(group.topic)
    client = Client()
    client.force_login(ben)
    path = f"/api/conversations/{group.id}/messages/"
    assert client.post(path, {"content": "by REST"}, content_type="application/json").status_code == 201
    assert alice.event("chat.message_sent")["data"]["message"]["content"] == "by REST"
    alice.no_event()


@both
def test_what_is_rolled_back_is_never_seen(committed, ann, hubbub_sync):
    """EVT-3"""
    alice = hubbub_sync.connect(ann)
    alice.subscribe("kit.a")

    def publish_and_fail() -> None:
        with transaction.atomic():
            publish("kit.a", Noted(1))
            raise Empty

    with pytest.raises(Empty):
        publish_and_fail()
    alice.no_event()
    with transaction.atomic():
        publish("kit.a", Noted(2))
        alice.no_event()  # Not yet: it could still be undone.
    assert (alice.event()["data"], alice.frames[-1]["offset"]) == ({"n": 2}, 1)


@both
async def test_what_an_action_puts_off_until_the_commit(committed, hubbub_pair, monkeypatch):
    """Runs once when the action is done, and not at all when it fails."""
    done: list[str] = []
    clean = chat.sending.clean_content

    def clean_and_put_off(content: str) -> str:
        transaction.on_commit(lambda: done.append(content))
        return clean(content)

    monkeypatch.setattr(chat.sending, "clean_content", clean_and_put_off)
    alice, _ = await hubbub_pair()
    topic = (await alice.send("chat.create", None, {"participants": ["bob"]}))["conversation"]["topic"]
    await alice.send("chat.send", topic, {"content": "hi"})
    assert await alice.error("chat.send", topic, {"content": ""}) == "empty"
    assert done == ["hi"]


@pytest.mark.django_db
def test_beside_pytest_django_s_own_capture(ann, hubbub_sync, django_capture_on_commit_callbacks):
    """An event comes once, whether its callback is executed or only captured."""
    alice = hubbub_sync.connect(ann)
    alice.subscribe("kit.a")
    for execute in (False, True):
        with django_capture_on_commit_callbacks(execute=execute) as callbacks:
            publish("kit.a", Noted(1))
        assert len(callbacks) == 1
        alice.event("kit.noted")
    alice.no_event()


@pytest.mark.django_db
async def test_heartbeats_and_tokens_by_the_clock(ann, hubbub_engine, hubbub_connect, hubbub_clock):
    """HRT-1 AUT-3: half an hour passes in no time."""
    token = str(await hubbub_engine.run(sign_in_with_access_token, SYSTEM, ann, timedelta(minutes=15)))
    alice = await hubbub_connect(token=token)
    assert alice.frames[0]["data"]["user"]["username"] == "ann"
    assert alice.of("ping") == []
    await hubbub_clock.advance(30)
    assert len(alice.of("ping")) == 1
    for _ in range(60):
        alice.send_text('{"type": "pong"}')
        await hubbub_clock.advance(30)
    assert await alice.wait_closed() == 4001
    other = await hubbub_connect(ann)
    await hubbub_clock.advance(120)
    assert other.closed == 1001  # It never answered.


@pytest.mark.django_db
async def test_who_may_not_connect_is_told_by_the_code(ann, hubbub_connect, hubbub_engine):
    """AUT-2"""
    assert (await hubbub_connect(None)).closed == 4001
    assert (await hubbub_connect(token="nonsense")).closed == 4001
    ann.is_active = False
    assert (await hubbub_connect(ann)).closed == 4001
    with pytest.raises(LookupError, match="No socket has the path 'nowhere/'"):
        await hubbub_connect(ann, "nowhere/")


@pytest.mark.django_db
async def test_a_failure_shows_all_that_was_received(ann, hubbub_connect):
    alice = await hubbub_connect(ann)
    await alice.subscribe("kit.a")
    with pytest.raises(AssertionError) as failed:
        await alice.event("chat.message_sent", timeout=0.01)
    assert "ann waited 0.01 s in vain for the event chat.message_sent." in str(failed.value)
    assert "The connection is open. Received, oldest first" in str(failed.value)
    assert 'reply #1 {"ok":{"position":' in str(failed.value)
    with pytest.raises(AssertionError, match=r"ann sent 'chat.send', and it was refused: reply #2"):
        await alice.send("chat.send", "chat.1", {"content": "x"})
    with pytest.raises(AssertionError, match="was not refused"):
        await alice.error("subscribe", "kit.a")


@pytest.mark.django_db
def test_an_event_too_many_is_shown(ann, hubbub_sync):
    alice = hubbub_sync.connect(ann)
    alice.subscribe("kit.a")
    publish("kit.a", Noted(1))
    alice.no_event("kit.other")
    alice.no_event(topic="kit.b")
    with pytest.raises(AssertionError, match=r'saw\n  kit.noted kit.a @1 {"data":{"n":1}}\n(.|\n)*\* kit.noted'):
        alice.no_event()
    assert alice.event("kit.noted")["data"] == {"n": 1}
    alice.no_event()


@pytest.mark.django_db
def test_resuming(ann, hubbub_sync):
    """SUB-2: what was missed is there for ``event`` like what follows."""
    alice = hubbub_sync.connect(ann)
    alice.subscribe("kit.a")
    publish("kit.a", Noted(1))
    alice.event()
    alice.cut()
    publish("kit.a", Noted(2))
    again = hubbub_sync.connect(ann)
    assert again.subscribe("kit.a", since=alice.positions["kit.a"])["recovered"]
    publish("kit.a", Noted(3))
    assert [again.event()["data"]["n"] for _ in range(2)] == [2, 3]
    assert again.positions["kit.a"].offset == 3


@pytest.mark.django_db
async def test_faults_on_the_way(ann, hubbub_engine, hubbub_connect):
    alice = await hubbub_connect(ann)
    await alice.subscribe("kit.a")
    alice.to_client.next("drop", "reorder", "pass", "duplicate")
    for n in range(1, 5):
        await hubbub_engine.run(publish, "kit.a", Noted(n))
    assert [frame["offset"] for frame in alice.events()] == [3, 2, 4, 4]
    alice.to_server.next("drop", "duplicate")
    alice.send_text('{"id": 71, "type": "subscribe", "topic": "kit.a"}')
    alice.send_text('{"id": 72, "type": "subscribe", "topic": "kit.a"}')
    await hubbub_engine.catch_up()
    assert [frame["id"] for frame in alice.of("reply")][1:] == [72, 72]
    alice.to_server.stall()
    waiting = asyncio.create_task(alice.send("subscribe", "kit.a"))
    await hubbub_engine.catch_up()
    assert not waiting.done()
    alice.to_server.resume()
    await waiting


@pytest.mark.django_db
async def test_two_engines_are_not_mixed_up(ann, hubbub_connect):
    await hubbub_connect(ann)
    with pytest.raises(RuntimeError, match="not both"):
        LiveServer()
    with pytest.raises(RuntimeError, match="not both"):
        await ProjectEngine().connect(ann)


def test_nothing_is_left_behind():
    assert runtime.current() is None


@pytest.mark.django_db
def test_users_of_the_project_s_own_model(hubbub_sync):
    alice, bob = hubbub_sync.pair("Alice", User.objects.create_user("bea"))
    assert (alice.user.get_username(), bob.user.get_username()) == ("Alice", "bea")
