"""``verify_action`` by a topic's snapshot: what it says when a reducer or an action is wrong."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from hubbub import publish
from hubbub.chat import actions as chat
from hubbub.chat.messages import ParticipantsAdded
from hubbub.chat.models import Message
from hubbub.django.auth import actor_of_user
from hubbub.testing import ActionMismatch, verify_action

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(ann: User, ben: User) -> str:
    return chat.create_conversation(actor_of_user(ann), ["ben"], "Plans").conversation.topic


def apply(state: dict[str, Any], topic: str, type: str, data: dict[str, Any]) -> dict[str, Any]:
    if type == "chat.message_sent":
        state["messages"].append(data["message"])
    return state


def test_a_reducer_that_is_right(ann, group):
    """CHT-10"""
    reply = verify_action(
        lambda: chat.send_message(actor_of_user(ann), group, "hi"), topic=group, actor=ann, apply=apply
    )
    assert reply.message.content == "hi"


def test_a_reducer_that_forgets_something(ann, group):
    def forget(state: dict[str, Any], topic: str, type: str, data: dict[str, Any]) -> dict[str, Any]:
        data["message"]["content"] = "?"
        return apply(state, topic, type, data)

    with pytest.raises(ActionMismatch) as failed:
        verify_action(lambda: chat.send_message(actor_of_user(ann), group, "hi"), topic=group, actor=ann, apply=forget)
    told = str(failed.value)
    assert f"The events of the action:\n  chat.message_sent {group} @1" in told
    assert "--- what a client would see\n+++ what the database says" in told
    assert "'content': '?'" in told.split("+++")[1] and "'content': 'hi'" in told.split("+++")[1]


def test_an_action_that_says_nothing(ann, group):
    chat.send_message(actor_of_user(ann), group, "hi")
    with pytest.raises(ActionMismatch, match="The action published no event"):
        verify_action(lambda: Message.objects.update(content="changed"), topic=group, actor=ann, apply=apply)


def test_a_reducer_that_returns_nothing(ann, group):
    with pytest.raises(ActionMismatch, match=r"The reducer returned nothing for chat.message_sent"):
        verify_action(
            lambda: chat.send_message(actor_of_user(ann), group, "hi"),
            topic=group,
            actor=ann,
            apply=lambda state, topic, type, data: None,
        )


def test_what_changes_nothing(ann, group):
    with pytest.raises(ActionMismatch, match=r"Nothing changed \(no event\)"):
        verify_action(lambda: None, topic=group, actor=ann, apply=apply)
    verify_action(lambda: None, topic=group, actor=ann, apply=apply, changes=False)
    with pytest.raises(ActionMismatch, match=r"Nothing was to happen, but there was chat.participants_added"):
        verify_action(
            lambda: publish(group, ParticipantsAdded([])),
            topic=group,
            actor=ann,
            apply=apply,
            changes=False,
        )


def test_a_topic_without_a_snapshot(ann):
    with pytest.raises(TypeError, match="Topics 'user' have no snapshot"):
        verify_action(lambda: None, topic=f"user.{ann.pk}", actor=ann, apply=apply)
    with pytest.raises(TypeError, match="Say which topic="):
        verify_action(lambda: None, actor=ann, apply=apply)
