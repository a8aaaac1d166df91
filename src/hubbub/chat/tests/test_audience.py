"""The audience ``conversation.<id>``."""

import pytest

import hubbub
from hubbub import Actor, Audience
from hubbub.chat import actions
from hubbub.chat import messages as wire
from hubbub.django.audiences import audiences_of, is_in
from hubbub.protocol.errors import BadData
from hubbub.testing import SyncEngine

pytestmark = pytest.mark.django_db


def test_joined_and_left(hubbub_sync: SyncEngine, alice: Actor, bob: Actor, group: wire.Conversation) -> None:
    """AUD-2: entering a room, leaving a group and being removed act on open sockets."""
    tab = hubbub_sync.connect(bob)
    tab.send("announcements.subscribe")
    room = actions.join_room(bob, "garden").conversation
    topics = tab.connection.session.subscriptions
    tab.wait_for(lambda: Audience.conversation(room).topic in topics)
    hubbub.announce(Audience.conversation(room), "Roses")
    tab.event("announcements.announced", Audience.conversation(room).topic)
    actions.remove_participants(alice, group.id, ["bob"])
    actions.leave(bob, room.id)
    tab.wait_for(lambda: not any(topic.startswith("audience.conversation.") for topic in topics))
    assert is_in(alice, Audience.conversation(group))
    assert not is_in(bob, Audience.conversation(group))


def test_two_who_talk_directly_are_none(alice: Actor, direct: wire.Conversation) -> None:
    """AUD-1"""
    audience = Audience.conversation(direct)
    assert audience not in audiences_of(alice.user_id)
    assert not is_in(alice, audience)
    with pytest.raises(BadData):
        hubbub.announce(audience, "Hello")
