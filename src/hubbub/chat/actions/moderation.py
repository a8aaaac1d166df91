"""What staff do in conversations that they take no part in, from the admin."""

from typing import Any

from hubbub import publish
from hubbub.chat import messages as wire
from hubbub.chat.actions.conversations import clean_title
from hubbub.chat.actions.participants import admit, dismiss
from hubbub.chat.models import Conversation, Message, Participant
from hubbub.chat.policy import moderated, topic_of, user_topic
from hubbub.django.actions import action
from hubbub.django.receipts import rewrite_receipts
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.actor import Actor, user_key
from hubbub.protocol.errors import Absent, Forbidden

_TELLING = ("chat.message_sent", "chat.message_hidden", "chat.conversation_added")
"""The events that a message's content stands in."""


@action
def delete_message(actor: Actor, message_id: int) -> None:
    """Delete a message for everybody (rule CHT-11): what it said goes, its place stays. Once more is no error.

    Raises Forbidden for anybody but staff, Absent.
    """
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise Absent
    conversation = moderated(actor, message.conversation_id)
    if not Message.objects.filter(pk=message.pk, deleted=False).update(content="", deleted=True):
        return
    _forget(message)
    publish(topic_of(conversation.pk), wire.MessageDeleted(message.pk), author=actor.key)


@action
def rename_conversation(actor: Actor, conversation_id: int, title: str) -> None:
    """Give a group another title. Raises BadData, Forbidden, Absent."""
    conversation = moderated(actor, conversation_id)
    if conversation.kind != Conversation.Kind.GROUP:
        raise Forbidden("Only groups have a title.")
    title = clean_title(title)
    if Conversation.objects.filter(pk=conversation.pk).exclude(title=title).update(title=title):
        publish(topic_of(conversation.pk), wire.ConversationRenamed(title), author=actor.key)


@action
def admit_user(actor: Actor, conversation_id: int, user: Any) -> None:
    """Add a user to a group. Raises BadData where it is full, Forbidden, Absent."""
    conversation = moderated(actor, conversation_id)
    if conversation.kind != Conversation.Kind.GROUP:
        raise Forbidden("Only a group's participants can change.")
    admit(actor, conversation, [user])


@action
def dismiss_participant(actor: Actor, participant_id: int) -> None:
    """Take somebody out of a group, or a room off somebody's list. Raises Forbidden, Absent."""
    row = Participant.objects.filter(pk=participant_id).first()
    if row is None:
        raise Absent
    conversation = moderated(actor, row.conversation_id)
    if conversation.kind == Conversation.Kind.DIRECT:
        raise Forbidden("A direct conversation cannot be left.")
    dismiss(conversation, [row])


def _forget(message: Message) -> None:
    """Take what a message said out of the log and the receipts, or a client that resumes would read it there."""
    told = f'"id":{message.pk},"sender":'
    people = Participant.objects.filter(conversation_id=message.conversation_id).values_list("user_id", flat=True)
    topics = [topic_of(message.conversation_id), *(user_topic(id) for id in people)]

    def blank(value: Any) -> Any:
        if isinstance(value, list):
            return [blank(each) for each in value]
        if not isinstance(value, dict):
            return value
        if value.get("id") == message.pk and "sender" in value and "content" in value:
            return {**value, "content": "", "deleted": True}
        return {name: blank(each) for name, each in value.items()}

    DjangoStreamStore().rewrite(topics, _TELLING, told, blank)
    rewrite_receipts(user_key(message.sender_id) if message.sender_id else "", told, blank)
