"""After a backup was restored: ``hubbub begin_epoch``, beside a server that runs."""

from io import StringIO

import pytest
from django.core.management import call_command

from hubbub.chat import actions
from hubbub.chat import messages as wire
from hubbub.django.streams import position_of
from hubbub.django.tail import Tail
from hubbub.engine.actor import Actor
from hubbub.testing import LiveEngine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def no_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log's tail would notice too, by an event of before that it has yet to read."""
    monkeypatch.setattr(Tail, "_post", lambda tail, log: None)


def begin_epoch() -> str:
    printed = StringIO()
    call_command("begin_epoch", stdout=printed)
    return printed.getvalue().strip()


@pytest.mark.parametrize("noticed_by", ["event", "subscribe"])
async def test_everybody_starts_afresh(
    no_tail: None, live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation, noticed_by: str
) -> None:
    """SUB-2, SUB-3: by the next event or the next subscription, and whoever comes back with an old position."""
    topic = direct.topic
    await live.run(actions.send_message, bob, topic, "before")
    connection = await live.connect(alice)
    old = (await connection.send("subscribe", topic))["position"]
    new = await live.run(begin_epoch)
    assert new and new != old["epoch"]
    assert (await live.run(position_of, topic)).epoch == (await live.run(position_of, "chat.999")).epoch == new
    other = await live.connect(bob)
    if noticed_by == "event":
        await live.run(actions.send_message, bob, topic, "after")
    else:
        await other.send("subscribe", topic)
    (reset,) = await connection.seen("reset")
    at = {"epoch": new, "offset": old["offset"] + (noticed_by == "event")}
    assert (reset["topic"], reset["data"]) == (topic, {"position": at, "reason": "epoch"})
    again = await other.send("subscribe", topic, since=old)
    assert (again["recovered"], again["reset"], again["position"]) == (False, "epoch", at)
    await live.run(actions.send_message, bob, topic, "and on")
    assert (await connection.seen("chat.message_sent"))[-1]["offset"] == at["offset"] + 1
    assert (await other.send("subscribe", topic, since=at))["recovered"]
