"""Telling people, and the server's own processes, who may follow a conversation."""

from collections.abc import Iterable
from typing import Any

from hubbub.chat import messages as wire
from hubbub.chat import queries
from hubbub.chat.models import Conversation
from hubbub.chat.policy import topic_of, user_topic
from hubbub.django.audiences import Audience
from hubbub.django.audiences.membership import Membership, events_of_change
from hubbub.django.publish import Publication, publish_all
from hubbub.engine.actor import user_key
from hubbub.engine.control import CONTROL_TOPIC, AccessGranted, AccessRevoked
from hubbub.protocol.frames import Position


def grant(conversation: Conversation, user_ids: Iterable[Any], position: Position, *, author: str) -> None:
    """The users take part from ``position`` of the conversation's stream on; ``author`` let them in."""
    topic = topic_of(conversation.pk)
    seen = queries.conversation_of_each(conversation.pk, user_ids)
    added = [Publication(user_topic(id), wire.ConversationAdded(each, position), author) for id, each in seen.items()]
    granted = [Publication(CONTROL_TOPIC, AccessGranted(user_key(id), topic, position)) for id in seen]
    joined = [Membership(Audience.conversation(conversation), id) for id in seen if _is_audience(conversation)]
    publish_all([*added, *granted, *events_of_change(joined=joined)])


def revoke(parted: Iterable[tuple[Conversation, Any]], reason: str) -> None:
    """The users take no part any more: no event of the conversation reaches their sockets (rule CHT-9)."""
    told, removed, revoked, left = [], [], [], []
    for conversation, user_id in parted:
        topic = topic_of(conversation.pk)
        if conversation.kind != Conversation.Kind.ROOM:  # Nobody's list shows who is in a room.
            told.append(Publication(topic, wire.ParticipantRemoved(user_id)))
        removed.append(Publication(user_topic(user_id), wire.ConversationRemoved(conversation.pk)))
        revoked.append(Publication(CONTROL_TOPIC, AccessRevoked(user_key(user_id), topic, reason)))
        if _is_audience(conversation):
            left.append(Membership(Audience.conversation(conversation), user_id))
    publish_all([*told, *removed, *revoked, *events_of_change(left=left, reason=reason)])


def _is_audience(conversation: Conversation) -> bool:
    """Two who talk directly are none."""
    return conversation.kind != Conversation.Kind.DIRECT
