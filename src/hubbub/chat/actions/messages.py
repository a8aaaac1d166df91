"""Deleting for oneself, marking as read."""

from hubbub import publish
from hubbub.chat import messages as wire
from hubbub.chat.models import HiddenMessage, Message, Participant
from hubbub.chat.policy import access, conversation_id_of, user_topic
from hubbub.chat.queries import last_message
from hubbub.django.actions import action
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent


@action
def hide_message(actor: Actor, topic: str, message_id: int, *, client_id: str | None = None) -> None:
    """Delete a message for oneself only (rule CHT-2). Raises Absent; once more is no error."""
    actor.require_user()
    conversation = access(actor, conversation_id_of(topic))
    assert actor.user_id is not None
    if not Message.objects.filter(pk=message_id, conversation_id=conversation.pk).exists():
        raise Absent
    _, hidden_now = HiddenMessage.objects.get_or_create(message_id=message_id, user_id=actor.user_id)
    if hidden_now:
        event = wire.MessageHidden(conversation.pk, message_id, last_message(actor, conversation.pk))
        publish(user_topic(actor.user_id), event, author=actor.key)


@action
def mark_read(actor: Actor, topic: str, number: int | None = None) -> wire.ReadReply:
    """Move the read cursor, never back (rule CHT-5). Raises Absent.

    The first time that somebody looks who was added is told too, where there is nothing unread.
    """
    actor.require_user()
    conversation = access(actor, conversation_id_of(topic))
    assert actor.user_id is not None
    top = conversation.top_number
    number = top if number is None else max(0, min(number, top))
    mine = Participant.objects.filter(conversation_id=conversation.pk, user_id=actor.user_id)
    moved = mine.filter(read_number__lt=number).update(read_number=number, opened=True)
    if not moved:
        number = mine.values_list("read_number", flat=True).first() or 0
        moved = mine.filter(opened=False).update(opened=True)
    unread = max(0, top - number)
    if moved:
        event = wire.ConversationRead(conversation.pk, number, unread)
        publish(user_topic(actor.user_id), event, author=actor.key)
    return wire.ReadReply(number, unread)
