"""Sending messages: all that wait at one time by as many queries as a single one."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from hubbub.chat import messages as wire
from hubbub.chat.models import Message
from hubbub.chat.policy import Place, conversation_id_of, places
from hubbub.chat.queries import person_of_actor
from hubbub.django.actions import action
from hubbub.django.calls import only
from hubbub.django.publish import Publication, publish_all
from hubbub.django.rows import save_each
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent, BadData, Empty, HubbubError, TooLong

MAX_CONTENT = 5000
"""Characters in one message."""
MAX_SENDER_NAME = 150
"""What the column of a name holds, which is shown once the account is gone; an e-mail address may be longer."""


class Sending(NamedTuple):
    """The arguments of ``send_message``."""

    actor: Actor
    topic: str
    content: str
    client_id: str | None = None


@dataclass(slots=True, eq=False)
class _Draft:
    """A sending whose text is sound, and where it goes."""

    sending: Sending
    conversation_id: int
    content: str


@action
def send_message(actor: Actor, topic: str, content: str, *, client_id: str | None = None) -> wire.MessageReply:
    """Send a message (rule CHT-1). Raises Empty, TooLong, Absent."""
    return only(send_together([Sending(actor, topic, content, client_id)]))


@send_message.together(Sending)
def send_together(sendings: list[Sending]) -> list[wire.MessageReply | HubbubError]:
    """Send messages of anybody to any conversations; those of one conversation follow each other as they stand."""
    drafts = [_draft(sending) for sending in sendings]
    sound = [draft for draft in drafts if isinstance(draft, _Draft)]
    found = places([(draft.sending.actor, draft.conversation_id) for draft in sound])
    sent = _save([(draft, place) for draft, place in zip(sound, found, strict=True) if place])
    return [sent.get(draft, Absent()) if isinstance(draft, _Draft) else draft for draft in drafts]


def _draft(sending: Sending) -> _Draft | HubbubError:
    try:
        return _Draft(sending, conversation_id_of(sending.topic), clean_content(sending.content))
    except HubbubError as error:
        return error


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


def _save(placed: list[tuple[_Draft, Place]]) -> dict[_Draft, wire.MessageReply]:
    """Save the messages, each with the next number of its conversation, which is locked, and publish them."""
    now = timezone.now()
    rows = [_number(draft, place, now) for draft, place in placed]
    save_each({place.conversation for _, place in placed}, ["top_number", "active_at"])
    save_each({place.participant for _, place in placed if place.participant}, ["read_number", "opened"])
    Message.objects.bulk_create(rows)
    events = [_event(draft.sending, row) for (draft, _), row in zip(placed, rows, strict=True)]
    positions = publish_all(
        Publication(draft.sending.topic, event, draft.sending.actor.key)
        for (draft, _), event in zip(placed, events, strict=True)
    )
    return {
        draft: wire.MessageReply(event.message, position.offset)
        for (draft, _), event, position in zip(placed, events, positions, strict=True)
    }


def _number(draft: _Draft, place: Place, now: datetime) -> Message:
    """The message's row, with its conversation and its sender's read cursor moved on to it."""
    conversation, participant = place
    conversation.top_number += 1
    conversation.active_at = now
    if participant is not None:
        # Who writes has read what stands above.
        participant.read_number, participant.opened = conversation.top_number, True
    actor = draft.sending.actor
    return Message(
        conversation_id=conversation.pk,
        number=conversation.top_number,
        sender_id=actor.user_id,
        sender_name=actor.username[:MAX_SENDER_NAME],
        content=draft.content,
        created_at=now,
    )


def _event(sending: Sending, row: Message) -> wire.MessageSent:
    sender = person_of_actor(sending.actor)
    message = wire.Message(row.pk, sender, row.content, timestamp=row.created_at, number=row.number)
    return wire.MessageSent(message, sending.client_id)
