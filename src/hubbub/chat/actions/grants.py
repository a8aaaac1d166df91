"""Telling people, and the server's own processes, who may follow a conversation."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model

from hubbub import publish
from hubbub.chat import messages as wire
from hubbub.chat import queries
from hubbub.chat.models import Conversation
from hubbub.chat.policy import topic_of, user_topic
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import user_key
from hubbub.engine.control import CONTROL_TOPIC, AccessGranted, AccessRevoked
from hubbub.protocol.frames import Position


def grant(conversation: Conversation, user_ids: Iterable[Any], position: Position) -> None:
    """The users take part from ``position`` of the conversation's stream on."""
    topic = topic_of(conversation.pk)
    for user in get_user_model()._default_manager.filter(pk__in=list(user_ids), is_active=True).order_by("pk"):
        seen = queries.conversation(actor_of_user(user), conversation.pk)
        publish(user_topic(user.pk), wire.ConversationAdded(seen, position))
        publish(CONTROL_TOPIC, AccessGranted(user_key(user.pk), topic, position))


def revoke(conversation: Conversation, user_id: int | str, reason: str) -> None:
    """The user takes no part any more: no event of the conversation reaches its sockets (rule CHT-9)."""
    topic = topic_of(conversation.pk)
    if conversation.kind != Conversation.Kind.ROOM:  # Nobody's list shows who is in a room.
        publish(topic, wire.ParticipantRemoved(user_id))
    publish(user_topic(user_id), wire.ConversationRemoved(conversation.pk))
    publish(CONTROL_TOPIC, AccessRevoked(user_key(user_id), topic, reason))
