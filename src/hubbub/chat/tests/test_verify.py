"""Every durable event of chat, for everybody who sees it: snapshot + events = fresh snapshot (rule CHT-10)."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User

from hubbub.chat import actions, queries
from hubbub.chat import messages as wire
from hubbub.chat.models import Participant
from hubbub.chat.policy import topic_of, user_topic
from hubbub.chat.state import Inbox, Thread, apply_to_inbox, apply_to_thread
from hubbub.django import models
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.actor import Actor, guest
from hubbub.protocol.frames import Event
from hubbub.protocol.registry import registry
from hubbub.testing import ActionMismatch, verify_action

pytestmark = pytest.mark.django_db

Known = tuple[Inbox | Thread, ...]
"""An inbox, then the messages of some conversations."""


class Viewer:
    """Somebody who follows the inbox: gets the events of the topics that the server follows for them."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.mine = user_topic(actor.user_id or "")
        self.follows = {self.mine, *queries.topics_of(actor)}
        self._last = 0
        self.events()

    def events(self) -> list[Event]:
        """What has come since the last call. Joining and leaving take effect as the server makes them."""
        found = []
        rows = (
            models.Event.objects.filter(pk__gt=self._last).order_by("pk").values_list("pk", "stream__topic", "offset")
        )
        for self._last, topic, offset in rows:
            if topic not in self.follows:
                continue
            (event,) = DjangoStreamStore().read(topic, offset - 1, 1)
            found.append(event)
            if event.type == "chat.conversation_added":
                self.follows.add(event.payload()["conversation"]["topic"])
            elif event.type == "chat.conversation_removed":
                self.follows.discard(topic_of(event.payload()["conversation_id"]))
        return found

    def fetch(self, *conversation_ids: int) -> Known:
        """The inbox and these conversations' messages, read afresh."""
        inbox = Inbox.of(self.actor.user_id or "", msgspec.to_builtins(queries.conversation_list(self.actor)))
        pages = [(id, queries.history(self.actor, id, None, 50)) for id in conversation_ids]
        return inbox, *(Thread.of(id, msgspec.to_builtins(page.messages)) for id, page in pages)


def apply(known: Known, topic: str, type: str, data: dict[str, Any]) -> Known:
    inbox, *threads = known
    assert isinstance(inbox, Inbox)
    after = apply_to_inbox(inbox, topic, type, data)
    return after, *(apply_to_thread(each, topic, type, data) for each in threads if isinstance(each, Thread))


@dataclass
class World:
    """Alice and bob in a direct conversation, a group and a room, each with messages; carol in none."""

    alice: Actor
    bob: Actor
    carol: Actor
    direct: wire.Conversation
    group: wire.Conversation
    room: wire.Conversation

    def say(self, who: Actor, where: wire.Conversation, text: str = "hi") -> wire.Message:
        return actions.send_message(who, where.topic, text).message


@pytest.fixture
def world(alice: Actor, bob: Actor, carol: Actor, direct: wire.Conversation, group: wire.Conversation) -> World:
    room = actions.join_room(alice, "garden").conversation
    actions.join_room(bob, "garden")
    world = World(alice, bob, carol, direct, group, room)
    for where in (direct, group, room):
        for who in (alice, bob, alice):
            world.say(who, where)
    return world


STAFF = Actor(key="u.999", user_id=999, username="staff", is_staff=True)
"""Somebody who takes no part."""

Act = Callable[[World], Any]

# What happens, which events tell it, and for whom of alice, bob and carol anything changes.
SCENARIOS: dict[str, tuple[Act, set[str], str]] = {
    "alice sends": (lambda w: w.say(w.alice, w.direct), {"chat.message_sent"}, "alice bob"),
    "alice sends to the room": (lambda w: w.say(w.alice, w.room), {"chat.message_sent"}, "alice bob"),
    "a guest sends to the room": (
        lambda w: w.say(guest("1"), w.room),
        {"chat.message_sent"},
        "alice bob",
    ),
    "alice hides bob's message": (
        lambda w: actions.hide_message(w.alice, w.direct.topic, messages(w.alice, w.direct)[1].id),
        {"chat.message_hidden"},
        "alice",
    ),
    "alice hides the last message": (
        lambda w: actions.hide_message(w.alice, w.direct.topic, messages(w.alice, w.direct)[-1].id),
        {"chat.message_hidden"},
        "alice",
    ),
    "alice hides all messages": (
        lambda w: [actions.hide_message(w.alice, w.direct.topic, each.id) for each in messages(w.alice, w.direct)],
        {"chat.message_hidden"},
        "alice",
    ),
    "staff delete bob's message": (
        lambda w: actions.delete_message(STAFF, messages(w.alice, w.direct)[1].id),
        {"chat.message_deleted"},
        "alice bob",
    ),
    "staff delete the last message, which alice then hides": (
        lambda w: (
            actions.delete_message(STAFF, messages(w.alice, w.direct)[-1].id),
            actions.hide_message(w.alice, w.direct.topic, messages(w.alice, w.direct)[-1].id),
        ),
        {"chat.message_deleted", "chat.message_hidden"},
        "alice bob",
    ),
    "staff rename the group": (
        lambda w: actions.rename_conversation(STAFF, w.group.id, "Other plans"),
        {"chat.conversation_renamed"},
        "alice bob",
    ),
    "staff remove bob": (
        lambda w: actions.dismiss_participant(STAFF, participant(w.bob, w.group).pk),
        {"chat.participant_removed", "chat.conversation_removed"},
        "alice bob",
    ),
    "staff add carol": (
        lambda w: actions.admit_user(STAFF, w.group.id, User.objects.get(username="carol")),
        {"chat.participants_added", "chat.conversation_added"},
        "alice bob carol",
    ),
    "bob reads all": (lambda w: actions.mark_read(w.bob, w.group.topic), {"chat.conversation_read"}, "bob"),
    "bob reads one more": (lambda w: actions.mark_read(w.bob, w.group.topic, 2), set(), ""),
    "bob reads all of the room": (
        lambda w: actions.mark_read(w.bob, w.room.topic, 3),
        {"chat.conversation_read"},
        "bob",
    ),
    "alice starts talking to carol": (
        lambda w: actions.create_conversation(w.alice, ["carol"]),
        {"chat.conversation_added"},
        "alice carol",
    ),
    "carol makes a group": (
        lambda w: actions.create_conversation(w.carol, ["alice", "bob"], "Trip"),
        {"chat.conversation_added"},
        "alice bob carol",
    ),
    "carol talks to alice, who answers": (
        lambda w: w.say(w.alice, actions.create_conversation(w.carol, ["alice"]).conversation),
        {"chat.conversation_added", "chat.message_sent"},
        "alice carol",
    ),
    "bob adds carol": (
        lambda w: actions.add_participants(w.bob, w.group.id, ["carol"]),
        {"chat.participants_added", "chat.conversation_added"},
        "alice bob carol",
    ),
    "bob adds carol, who is greeted": (
        lambda w: (actions.add_participants(w.bob, w.group.id, ["carol"]), w.say(w.alice, w.group)),
        {"chat.participants_added", "chat.conversation_added", "chat.message_sent"},
        "alice bob carol",
    ),
    "alice removes bob": (
        lambda w: actions.remove_participants(w.alice, w.group.id, ["bob"]),
        {"chat.participant_removed", "chat.conversation_removed"},
        "alice bob",
    ),
    "alice removes bob and goes on": (
        lambda w: (actions.remove_participants(w.alice, w.group.id, ["bob"]), w.say(w.alice, w.group)),
        {"chat.participant_removed", "chat.conversation_removed", "chat.message_sent"},
        "alice bob",
    ),
    "bob is removed and comes back": (
        lambda w: (
            actions.remove_participants(w.alice, w.group.id, ["bob"]),
            w.say(w.alice, w.group),
            actions.add_participants(w.alice, w.group.id, ["bob"]),
            w.say(w.alice, w.group),
        ),
        {
            "chat.participant_removed",
            "chat.conversation_removed",
            "chat.message_sent",
            "chat.participants_added",
            "chat.conversation_added",
        },
        "alice bob",
    ),
    "bob leaves": (
        lambda w: actions.leave(w.bob, w.group.id),
        {"chat.participant_removed", "chat.conversation_removed"},
        "alice bob",
    ),
    "bob leaves the room": (
        lambda w: actions.leave(w.bob, w.room.id),
        {"chat.conversation_removed"},
        "bob",
    ),
    "carol enters the room": (lambda w: actions.join_room(w.carol, "garden"), {"chat.conversation_added"}, "carol"),
    "carol makes a room": (lambda w: actions.join_room(w.carol, "kitchen"), {"chat.conversation_added"}, "carol"),
}


def participant(who: Actor, where: wire.Conversation) -> Participant:
    return Participant.objects.get(conversation_id=where.id, user_id=who.user_id or "")


def messages(who: Actor, where: wire.Conversation) -> list[wire.Message]:
    return queries.history(who, where.id, None, 50).messages


def test_every_durable_event_is_verified() -> None:
    """CHT-10"""
    durable = {name for name, each in registry.events.items() if each.durable and name.startswith("chat.")}
    verified = set().union(*(events for _, events, _ in SCENARIOS.values()))
    assert verified == durable


@pytest.mark.parametrize("who", ["alice", "bob", "carol"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(world: World, name: str, who: str) -> None:
    """CHT-10"""
    act, told, changes_for = SCENARIOS[name]
    viewer = Viewer(getattr(world, who))
    open_throughout = {"alice": [world.direct, world.group, world.room], "bob": [world.direct], "carol": []}[who]
    before = models.Event.objects.order_by("pk").last()
    verify_action(
        lambda: act(world),
        fetch=lambda: viewer.fetch(*(each.id for each in open_throughout)),
        apply=apply,
        events=viewer.events,
        changes=who in changes_for.split(),
    )
    happened = models.Event.objects.filter(pk__gt=before.pk if before else 0).exclude(stream__topic="control")
    assert set(happened.values_list("type", flat=True)) == told


def test_topics_may_overtake_each_other(world: World) -> None:
    """CHT-10: only the events of one topic are in order."""
    viewer = Viewer(world.alice)
    ids = [world.direct.id, world.group.id, world.room.id]
    before = viewer.fetch(*ids)
    for where in (world.direct, world.group, world.room):
        sent = [world.say(who, where) for who in (world.bob, world.bob, world.alice, world.bob)]
        actions.mark_read(world.alice, where.topic)
        actions.hide_message(world.alice, where.topic, sent[1].id)
        sent += [world.say(world.bob, where) for _ in range(3)]
        actions.mark_read(world.alice, where.topic, sent[-2].number)
        # The user's own topic tells what the new last message said, and it is deleted for everybody then.
        actions.hide_message(world.alice, where.topic, sent[-1].id)
        actions.delete_message(STAFF, sent[-2].id)
    events = viewer.events()
    after = viewer.fetch(*ids)
    by_topic = {topic: [each for each in events if each.topic == topic] for topic in viewer.follows}
    for seed in range(200):
        chance = random.Random(seed)
        known, waiting = before, {topic: list(queue) for topic, queue in by_topic.items() if queue}
        while waiting:
            topic = chance.choice(sorted(waiting))
            event = waiting[topic].pop(0)
            known = apply(known, topic, event.type, event.payload())
            waiting = {topic: queue for topic, queue in waiting.items() if queue}
        assert known == after, seed


def test_the_list_is_in_the_order_of_the_query(world: World) -> None:
    """CHT-10"""
    viewer = Viewer(world.alice)
    world.say(world.bob, world.direct)
    (inbox,) = viewer.fetch()
    assert isinstance(inbox, Inbox)
    shown = [each["id"] for each in inbox.listed()]
    assert (
        shown
        == [each.id for each in queries.conversation_list(world.alice)]
        == [world.direct.id, world.room.id, world.group.id]
    )


def test_a_mismatch_is_seen(world: World) -> None:
    """CHT-10: the check itself fails where an event tells too little."""
    viewer = Viewer(world.bob)
    with pytest.raises(ActionMismatch):
        verify_action(
            lambda: world.say(world.alice, world.direct),
            fetch=viewer.fetch,
            apply=lambda known, topic, type, data: known,
            events=viewer.events,
        )
