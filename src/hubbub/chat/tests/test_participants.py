"""Accounts that go."""

import pytest
from django.contrib.auth import get_user_model

from hubbub.chat import actions, queries
from hubbub.chat import messages as wire
from hubbub.chat.tests.test_messages import told
from hubbub.engine.actor import Actor

pytestmark = pytest.mark.django_db


def test_a_deleted_account_leaves_its_conversations(
    alice: Actor, bob: Actor, direct: wire.Conversation, group: wire.Conversation
) -> None:
    """CHT-10 CHT-9: the others' lists say so, and what was written stays."""
    actions.send_message(bob, group.topic, "I was here")
    get_user_model().objects.get(username="bob").delete()
    for conversation in (direct, group):
        assert "chat.participant_removed" in told(conversation.topic)
        left = queries.conversation(alice, conversation.id)
        assert "bob" not in [each.username for each in left.participants]
    last = queries.conversation(alice, group.id).last_message
    assert last is not None
    assert (last.content, last.sender.username, last.sender.id) == ("I was here", "bob", 0)
