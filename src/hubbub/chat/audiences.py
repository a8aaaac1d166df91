"""The audience ``conversation.<id>``: who takes part in a group conversation, or has a room in the list."""

from typing import Any

from django.db.models import QuerySet

from hubbub.chat.models import Conversation, Participant
from hubbub.django.audiences import Audience, AudienceKind, UserId, audience_kind
from hubbub.protocol.errors import Absent
from hubbub.protocol.topics import id_of

KIND = "conversation"


def members(key: str) -> "QuerySet[Any, Any]":
    found = Participant.objects.filter(conversation=id_of(key, KIND)).exclude(
        conversation__kind=Conversation.Kind.DIRECT
    )
    return found.values_list("user_id", flat=True)


def conversations_of(user_id: UserId) -> list[str]:
    found = Participant.objects.filter(user_id=user_id).exclude(conversation__kind=Conversation.Kind.DIRECT)
    return [Audience.conversation(id).key for id in found.values_list("conversation_id", flat=True)]


def title(key: str) -> str:
    found = Conversation.objects.filter(pk=id_of(key, KIND)).exclude(kind=Conversation.Kind.DIRECT).first()
    if found is None:
        raise Absent
    return str(found)


audience_kind(AudienceKind(KIND, members, conversations_of, title))
