"""Adding people to a group, removing them, leaving."""

from typing import Any

from hubbub import publish
from hubbub.chat import messages as wire
from hubbub.chat import queries
from hubbub.chat.actions.conversations import MAX_PARTICIPANTS
from hubbub.chat.actions.grants import grant, revoke
from hubbub.chat.models import Conversation, Participant
from hubbub.chat.policy import access, access_group, may_remove, topic_of
from hubbub.django.actions import action
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent, BadData, Forbidden


@action
def add_participants(actor: Actor, conversation_id: int, names: list[str]) -> wire.ConversationReply:
    """Add users to a group; who is there already stays. Raises Absent, Forbidden, BadData."""
    conversation = access_group(actor, conversation_id)
    users = queries.users_by_name(names)
    if unknown := [name for name in names if name not in users]:
        raise BadData(f"No user is called {', '.join(unknown)}.")
    admit(actor, conversation, list(users.values()))
    return wire.ConversationReply(queries.conversation(actor, conversation.pk))


def admit(actor: Actor, conversation: Conversation, users: list[Any]) -> None:
    """Let users take part from now on; who is there already stays. Raises BadData where it would be too many."""
    there = set(conversation.participants.values_list("user_id", flat=True))
    added = [user for user in users if user.pk not in there]
    if len(there) + len(added) > MAX_PARTICIPANTS:
        raise BadData(f"A group has at most {MAX_PARTICIPANTS} people.")
    if added:
        Participant.objects.bulk_create(
            [
                Participant(
                    conversation=conversation,
                    user=user,
                    read_number=conversation.top_number,
                    opened=user.pk == actor.user_id,
                )
                for user in added
            ]
        )
        people = [queries.person_of_user(user) for user in added]
        position = publish(topic_of(conversation.pk), wire.ParticipantsAdded(people), author=actor.key)
        grant(conversation, [user.pk for user in added], position, author=actor.key)


@action
def remove_participants(actor: Actor, conversation_id: int, names: list[str]) -> None:
    """Remove users from a group, all of them or none. Raises Absent, Forbidden."""
    conversation = access_group(actor, conversation_id)
    if actor.username in names:
        raise Forbidden("To go yourself, leave the conversation.")
    may_remove(actor, conversation)
    there = {row.user.get_username(): row for row in conversation.participants.select_related("user")}
    if any(name not in there for name in names):
        raise Absent
    dismiss(conversation, [there[name] for name in dict.fromkeys(names)])


def dismiss(conversation: Conversation, rows: list[Participant]) -> None:
    """Let participants take no part any more."""
    Participant.objects.filter(pk__in=[row.pk for row in rows]).delete()
    revoke([(conversation, row.user_id) for row in rows], "removed")


@action
def leave(actor: Actor, conversation_id: int) -> None:
    """Leave a group, or take a room off one's list. Raises Absent, Forbidden for a direct conversation."""
    actor.require_user()
    conversation = access(actor, conversation_id)
    assert actor.user_id is not None
    if conversation.kind == Conversation.Kind.DIRECT:
        raise Forbidden("A direct conversation cannot be left.")
    if not Participant.objects.filter(conversation=conversation, user_id=actor.user_id).delete()[0]:
        raise Absent
    revoke([(conversation, actor.user_id)], "left")


@action
def remove_deleted(actor: Actor, user_id: int | str) -> None:
    """Take a user whose account is being deleted out of all conversations; what they wrote stays."""
    found = Participant.objects.filter(user_id=user_id)
    parted = [(row.conversation, user_id) for row in found.select_related("conversation")]
    found.delete()
    revoke(parted, "deleted")
