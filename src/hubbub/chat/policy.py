"""Who may: every check of chat, used by actions, queries and topics alike.

The answer is the same for what is absent and for what is another's (rule ACC-1).
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connections

from hubbub.chat.models import Conversation, Participant
from hubbub.django.conf import database_alias
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent, Forbidden
from hubbub.protocol.topics import id_of

TOPIC_KIND = "chat"

_MOST_ID = 2**63 - 1
"""What the column holds."""

# Asked with every command: as SQL it costs a tenth. To a guest, who is NULL, nothing is equal.
_ACCESS = f"""
SELECT c.* FROM {Conversation._meta.db_table} c WHERE c.id = %s AND (c.kind = '{Conversation.Kind.ROOM}' OR EXISTS (
    SELECT 1 FROM {Participant._meta.db_table} p WHERE p.conversation_id = c.id AND p.user_id = %s))
"""


def topic_of(conversation_id: int) -> str:
    return f"{TOPIC_KIND}.{conversation_id}"


def user_topic(user_id: int | str) -> str:
    return f"user.{user_id}"


def conversation_id_of(topic: str) -> int:
    """The conversation of a topic. Raises Absent for a topic that is none's."""
    return id_of(topic, TOPIC_KIND)


def access(actor: Actor, conversation_id: int) -> Conversation:
    """The conversation, if the actor may read and write there. One query. Raises Absent otherwise.

    A room is open to whoever may connect at all; everything else to its participants.
    """
    if conversation_id > _MOST_ID:
        raise Absent
    user = Participant._meta.get_field("user").get_db_prep_value(actor.user_id, connections[database_alias()])
    found = next(iter(Conversation.objects.raw(_ACCESS, [conversation_id, user])), None)
    if found is None:
        raise Absent
    return found


class Place(NamedTuple):
    """Where an actor may read and write."""

    conversation: Conversation
    participant: Participant | None
    """None for a guest, and in a room that is not in one's list."""


def places(wanted: Sequence[tuple[Actor, int]]) -> list[Place | None]:
    """As ``access`` for each of these, and locks their conversations. Two queries, however many; None where Absent.

    What stands in the same conversation shares one object of it.
    """
    ids = {id for _, id in wanted}
    users = {actor.user_id for actor, _ in wanted if actor.user_id is not None}
    rows = Participant.objects.filter(conversation_id__in=ids, user_id__in=users) if users else ()
    mine = {(str(row.user_id), row.conversation_id): row for row in rows}
    # In one order, so that two processes never wait for each other crosswise.
    locked = Conversation.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    found = {each.pk: each for each in locked}
    return [_place(found.get(id), mine.get((str(actor.user_id), id))) for actor, id in wanted]


def _place(conversation: Conversation | None, participant: Participant | None) -> Place | None:
    if conversation is None or (participant is None and conversation.kind != Conversation.Kind.ROOM):
        return None
    return Place(conversation, participant)


def access_own(actor: Actor, conversation_id: int) -> Conversation:
    """The conversation, if the actor takes part; a room that is not in one's list counts as none.

    One query. Raises Absent otherwise.
    """
    found = None
    if actor.user_id is not None:
        found = Conversation.objects.filter(pk=conversation_id, participants__user_id=actor.user_id).first()
    if found is None:
        raise Absent
    return found


def access_group(actor: Actor, conversation_id: int) -> Conversation:
    """The group conversation of a participant, for changing who takes part. Raises Absent, Forbidden."""
    actor.require_user()
    conversation = access(actor, conversation_id)
    if conversation.kind != Conversation.Kind.GROUP:
        raise Forbidden("Only a group's participants can change.")
    return conversation


def moderated(actor: Actor, conversation_id: int) -> Conversation:
    """Any conversation, for staff who keep order and take no part. Raises Forbidden for others, Absent.

    Which of the staff may do what is the admin's to ask: Django's permissions say it.
    """
    if not actor.is_staff:
        raise Forbidden("Only staff can do this.")
    found = Conversation.objects.filter(pk=conversation_id).first()
    if found is None:
        raise Absent
    return found


def may_remove(actor: Actor, conversation: Conversation) -> None:
    """Raises Forbidden for anybody but the group's creator; staff may as well. Everybody may leave."""
    # As text: an actor's id is one that goes over the wire, and the column's may be a UUID.
    if str(actor.user_id) != str(conversation.creator_id) and not actor.is_staff:
        raise Forbidden("Only who made the group can remove others.")
