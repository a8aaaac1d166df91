"""Who talks with whom: contacts are those who share a direct or a group conversation (rule PRS-2)."""

from collections.abc import Collection
from typing import Any

from hubbub.chat.models import Conversation, Participant
from hubbub.django.contacts import UserId, register_contacts


@register_contacts
def partners(user: UserId, among: Collection[UserId]) -> list[Any]:
    """Those of ``among`` who take part in a conversation with the user. One query.

    Not in a room: that is open to anybody, who would see everybody who ever entered it.
    """
    mine: Any = Participant.objects.filter(user_id=user).exclude(conversation__kind=Conversation.Kind.ROOM)
    theirs = Participant.objects.filter(user_id__in=list(among), conversation_id__in=mine.values("conversation_id"))
    return list(theirs.values_list("user_id", flat=True).distinct())
