"""Coming back to a conversation: by memory where that is right, on the real engine with its threads."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hubbub.chat import actions
from hubbub.chat import messages as wire
from hubbub.django import runtime
from hubbub.engine.actor import SYSTEM, Actor
from hubbub.protocol.frames import Position
from hubbub.testing import LiveEngine
from tests.waiting import wait_until_async

pytestmark = pytest.mark.django_db(transaction=True)

STAFF = Actor(key=SYSTEM.key, username="staff", is_staff=True)


@pytest.fixture(params=["here", "elsewhere"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """In this process, or in another one, of which only the database tells."""
    if request.param == "elsewhere":
        monkeypatch.setattr(runtime, "deliver", lambda events: False)
    return str(request.param)


def position(of: dict[str, Any]) -> Position:
    return Position(of["position"]["epoch"], of["position"]["offset"])


class Reader:
    """Counts the engine's own questions to the database."""

    def __init__(self, live: LiveEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        run = live.engine.reader.run

        async def counted(query: Callable[[], Any]) -> Any:
            self.count += 1
            return await run(query)

        monkeypatch.setattr(live.engine.reader, "run", counted)


async def test_who_was_cut_comes_back_without_the_database(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SUB-2"""
    connection = await live.connect(alice)
    since = position(await connection.subscribe(direct.topic))
    connection.cut()
    await live.run(actions.send_message, bob, direct.topic, "meanwhile")
    again = await live.connect(alice)
    reader = Reader(live, monkeypatch)
    ok = await again.subscribe(direct.topic, since=since)
    assert ok["recovered"] and [each["data"]["message"]["content"] for each in ok["events"]] == ["meanwhile"]
    assert reader.count == 0
    await live.run(actions.send_message, bob, direct.topic, "and on")
    assert (await again.seen("chat.message_sent"))[-1]["data"]["message"]["content"] == "and on"


async def test_who_was_removed_meanwhile_does_not(
    live: LiveEngine, alice: Actor, bob: Actor, group: wire.Conversation, where: str
) -> None:
    """CHT-9 SUB-4: within a second, whichever process it was done in."""
    keeper, connection = await live.connect(alice), await live.connect(bob)
    await keeper.subscribe(group.topic)
    since = position(await connection.subscribe(group.topic))
    connection.cut()
    assert len(live.engine.hub.parted) == 1
    await live.run(actions.remove_participants, alice, group.id, ["bob"])
    await wait_until_async(lambda: len(live.engine.hub.parted) == 0, "the revocation", 1)
    again = await live.connect(bob)
    assert await again.error("subscribe", group.topic, since=msgspec.to_builtins(since)) == "forbidden"


def remembered(live: LiveEngine, topic: str) -> bytes:
    return b"".join(event.raw for event in live.engine.hub.topics[topic].recent)


async def test_what_was_deleted_is_not_brought_back(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation, where: str
) -> None:
    """CHT-11: not from memory either, within a second, whichever process it was done in."""
    connection = await live.connect(alice)
    since = position(await connection.subscribe(direct.topic))
    sent = await live.run(actions.send_message, bob, direct.topic, "a secret")
    await connection.seen("chat.message_sent")
    assert b"secret" in remembered(live, direct.topic)
    await live.run(actions.delete_message, STAFF, sent.message.id)
    await wait_until_async(lambda: b"secret" not in remembered(live, direct.topic), "the deletion", 1)
    again = await live.connect(bob)
    ok = await again.subscribe(direct.topic, since=since)
    assert ok["recovered"] and "secret" not in str(ok)
    assert [each["type"] for each in ok["events"]] == ["chat.message_sent", "chat.message_deleted"]
