"""Sending, deleting for oneself, marking as read."""

from django.db.models import F
from django.utils import timezone

from hubbub import publish
from hubbub.chat import messages as wire
from hubbub.chat.models import Conversation, HiddenMessage, Message, Participant
from hubbub.chat.policy import access, conversation_id_of, require_user, user_topic
from hubbub.chat.queries import last_message, person_of_actor
from hubbub.django.actions import action
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent, BadData, Empty, TooLong

MAX_CONTENT = 5000
"""Characters in one message."""
MAX_SENDER_NAME = 150
"""What the column of a name holds, which is shown once the account is gone; an e-mail address may be longer."""


def clean_content(content: str) -> str:
    """The text as it is saved, without white space around it. Raises Empty, TooLong, BadData."""
    content = content.strip()
    if not content:
        raise Empty
    if len(content) > MAX_CONTENT:
        raise TooLong
    if "\x00" in content:
        raise BadData("A message cannot hold the character NUL.")
    return content


@action
def send_message(actor: Actor, topic: str, content: str, *, client_id: str | None = None) -> wire.MessageReply:
    """Send a message (rule CHT-1). Raises Empty, TooLong, Absent."""
    content = clean_content(content)
    conversation = access(actor, conversation_id_of(topic))
    now = timezone.now()
    # The row lock that this takes makes numbers follow each other in the order of commits.
    Conversation.objects.filter(pk=conversation.pk).update(top_number=F("top_number") + 1, active_at=now)
    number = Conversation.objects.values_list("top_number", flat=True).get(pk=conversation.pk)
    row = Message.objects.create(
        conversation_id=conversation.pk,
        number=number,
        sender_id=actor.user_id,
        sender_name=actor.username[:MAX_SENDER_NAME],
        content=content,
        created_at=now,
    )
    if actor.user_id is not None:
        # Who writes has read what stands above.
        Participant.objects.filter(conversation_id=conversation.pk, user_id=actor.user_id).update(read_number=number)
    message = wire.Message(id=row.pk, sender=person_of_actor(actor), content=content, timestamp=now, number=number)
    position = publish(topic, wire.MessageSent(message, client_id), author=actor.key)
    return wire.MessageReply(message, position.offset)


@action
def hide_message(actor: Actor, topic: str, message_id: int, *, client_id: str | None = None) -> None:
    """Delete a message for oneself only (rule CHT-2). Raises Absent; once more is no error."""
    conversation = access(require_user(actor), conversation_id_of(topic))
    assert actor.user_id is not None
    if not Message.objects.filter(pk=message_id, conversation_id=conversation.pk).exists():
        raise Absent
    _, hidden_now = HiddenMessage.objects.get_or_create(message_id=message_id, user_id=actor.user_id)
    if hidden_now:
        event = wire.MessageHidden(conversation.pk, message_id, last_message(actor, conversation.pk))
        publish(user_topic(actor.user_id), event, author=actor.key)


@action
def mark_read(actor: Actor, topic: str, number: int | None = None) -> wire.ReadReply:
    """Move the read cursor, never back (rule CHT-5). Raises Absent."""
    conversation = access(require_user(actor), conversation_id_of(topic))
    assert actor.user_id is not None
    top = conversation.top_number
    number = top if number is None else max(0, min(number, top))
    mine = Participant.objects.filter(conversation_id=conversation.pk, user_id=actor.user_id)
    if mine.filter(read_number__lt=number).update(read_number=number):
        event = wire.ConversationRead(conversation.pk, number, top - number)
        publish(user_topic(actor.user_id), event, author=actor.key)
        return wire.ReadReply(number, top - number)
    number = mine.values_list("read_number", flat=True).first() or 0
    return wire.ReadReply(number, max(0, top - number))
