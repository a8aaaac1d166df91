"""What the server reads for a page before it sends it, all at one moment, so that the script need not ask first.

The positions say where each stream stood at that moment: the script goes on from there, and nothing falls between.
"""

import re
from typing import Any

import msgspec
from django.apps import apps
from django.http import HttpRequest

from hubbub.accounts.serializers import user_body
from hubbub.chat import messages as wire
from hubbub.chat import queries
from hubbub.chat.models import Conversation
from hubbub.chat.policy import topic_of, user_topic
from hubbub.django.auth import actor_of_request
from hubbub.django.conf import database_alias, engine_settings
from hubbub.django.reader import read_transaction
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.actor import Actor, guest
from hubbub.protocol.errors import NotAuthenticated
from hubbub.protocol.frames import Position

MOST_CONVERSATIONS = 100
"""Of the list that stands in the page; the others come by the socket."""

_CONVERSATION = re.compile(r"c/([0-9]{1,15})(?:/info)?/?", re.ASCII)
_ROOM = re.compile(r"r/([^/]{1,400})(?:/info)?/?")


class History(msgspec.Struct):
    """A conversation's latest messages, and where its stream stood."""

    topic: str
    page: wire.HistoryPage
    position: Position


class Unread(msgspec.Struct):
    """How much is new beside the conversations; None for what is not installed."""

    notifications: int | None
    announcements: int | None


class Start(msgspec.Struct):
    """What a page starts from; ``web/src/page.ts`` reads it."""

    account: dict[str, Any] | None = None
    """The signed-in user; None for nobody."""
    conversations: list[wire.Conversation] | None = None
    """The most recently active ones, and that of the address; None for nobody."""
    position: Position | None = None
    """Where the user's own stream stood."""
    unread: Unread | None = None
    """None for nobody."""
    room: wire.Conversation | None = None
    """The room of the address, which the user needn't have in the list."""
    history: History | None = None
    """Of the conversation or room of the address, where there is one that this person may read."""

    @property
    def shown(self) -> wire.Conversation | None:
        """The conversation or room of the address."""
        topic = self.history.topic if self.history else ""
        known = [*(self.conversations or []), *([self.room] if self.room else [])]
        return next((each for each in known if each.topic == topic), None)


def read_start(request: HttpRequest, view: str) -> Start:
    """What the page of ``view``, its path below the UI's root, starts from.

    Beside what finds the user: four queries for a list, two and those that find the user's audiences for what is
    unread beside it, one or two more for a conversation or room, and three for a conversation beyond the list.
    """
    try:
        actor = actor_of_request(request)
    except NotAuthenticated:
        actor = guest("page")
    start = Start()
    if actor.user_id is not None:
        start.account = user_body(request.user)
    return read_transaction(database_alias(), lambda: _read(start, actor, view))


def _read(start: Start, actor: Actor, view: str) -> Start:
    wanted = _CONVERSATION.fullmatch(view)
    room = _ROOM.fullmatch(view)
    shown: wire.Conversation | None = None
    if actor.user_id is not None:
        start.conversations = queries.conversation_list(actor, limit=MOST_CONVERSATIONS)
        start.unread = Unread(_unread_notifications(actor), _unread_announcements(actor))
        if wanted:
            shown = _conversation(actor, start.conversations, int(wanted[1]))
    if room and (actor.user_id is not None or engine_settings().guests):
        shown = start.room = _room(actor, start.conversations or [], room[1])
    own = [user_topic(actor.user_id)] if actor.user_id is not None else []
    topics = [*own, *([shown.topic] if shown else [])]
    states = DjangoStreamStore().states(topics) if topics else {}
    positions = {topic: Position(state.epoch, state.top) for topic, state in states.items()}
    start.position = positions[own[0]] if own else None
    if shown:
        page = queries.history(actor, shown.id, None, queries.HISTORY_LIMIT)
        start.history = History(shown.topic, page, positions[shown.topic])
    return start


def _unread_notifications(actor: Actor) -> int | None:
    if not apps.is_installed("hubbub.notifications"):
        return None
    from hubbub.notifications.queries import box_of

    return box_of(actor.user_id).unread


def _unread_announcements(actor: Actor) -> int | None:
    if not apps.is_installed("hubbub.announcements") or actor.user_id is None:
        return None
    from hubbub.announcements.queries import unread
    from hubbub.django.audiences import audiences_of

    return unread(actor.user_id, [each.key for each in audiences_of(actor.user_id)])


def _conversation(actor: Actor, listed: list[wire.Conversation], id: int) -> wire.Conversation | None:
    """One that the user takes part in; it joins the list where it was too old for it."""
    topic = topic_of(id)
    for each in listed:
        if each.topic == topic:
            return each
    if len(listed) < MOST_CONVERSATIONS:
        return None
    found = queries.conversation_list(actor, queries.conversations_of(actor).filter(pk=id))
    listed.extend(found)
    return found[0] if found else None


def _room(actor: Actor, listed: list[wire.Conversation], name: str) -> wire.Conversation | None:
    """A room that is there; looking at a page makes none."""
    for each in listed:
        if each.name == name:
            return each
    if "\x00" in name:
        return None
    found = queries.conversation_list(actor, Conversation.objects.filter(room_name=name))
    return found[0] if found else None
