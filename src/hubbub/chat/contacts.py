"""Who talks with whom: contacts are those who share a direct or a group conversation (rule PRS-2)."""

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from django.contrib.auth import get_user_model
from django.db.models.functions import Lower

from hubbub.chat.models import Conversation, Participant
from hubbub.chat.policy import TOPIC_KIND, conversation_id_of
from hubbub.django.auth import active, wire_id
from hubbub.django.circles import Circle, CircleKind, register_circles
from hubbub.django.contacts import UserId, register_contacts


@register_contacts
def partners(user: UserId, among: Collection[UserId]) -> list[Any]:
    """Those of ``among`` who take part in a conversation with the user. One query.

    Not in a room: that is open to anybody, who would see everybody who ever entered it.
    """
    mine: Any = Participant.objects.filter(user_id=user).exclude(conversation__kind=Conversation.Kind.ROOM)
    theirs = Participant.objects.filter(user_id__in=list(among), conversation_id__in=mine.values("conversation_id"))
    return list(theirs.values_list("user_id", flat=True).distinct())


def circles(topics: Collection[str]) -> dict[str, Circle]:
    """What conversations are called, and which are direct. One query."""
    ids = {conversation_id_of(topic): topic for topic in topics}
    rows = Conversation.objects.filter(pk__in=ids).only("kind", "title", "room_name")
    return {
        ids[row.pk]: Circle(
            row.title or row.room_name or "",
            direct=row.kind == Conversation.Kind.DIRECT,
            link=f"r/{quote(row.room_name, safe='')}" if row.room_name else f"c/{row.pk}",
        )
        for row in rows
    }


def people(topics: Collection[str], names: Collection[str] | None = None) -> dict[str, dict[str, UserId]]:
    """Who takes part in conversations; in a room, who has it in the list. One query.

    With ``names``, only of those who are called so.
    """
    ids = {conversation_id_of(topic): topic for topic in topics}
    found: dict[str, dict[str, UserId]] = {topic: {} for topic in topics}
    there = Participant.objects.filter(active("user__"), conversation_id__in=ids)
    name = f"user__{get_user_model().USERNAME_FIELD}"
    if names is not None:
        there = there.annotate(lower=Lower(name)).filter(lower__in=_lowered(names))
    for id, user_id, username in there.values_list("conversation_id", "user_id", name):
        found[ids[id]][username] = wire_id(user_id)
    return found


def _lowered(names: Collection[str]) -> set[str]:
    """As databases may lower them: SQLite, and PostgreSQL by some locales, leave all but a to z as it is."""
    forms = [form for name in names for form in (name, name.upper(), name.capitalize())]
    return {name.lower() for name in names} | {form.encode().lower().decode() for form in forms}


register_circles(TOPIC_KIND, CircleKind(circles, people))
