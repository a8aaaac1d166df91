"""Lists over REST: pages with ``results``, ``next`` and ``previous``, by cursor so that nothing shifts or doubles."""

import re
from datetime import UTC, datetime, timedelta

import msgspec
from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.chat import messages as wire
from hubbub.chat import queries
from hubbub.django.rest import reply
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import BadData

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200

_WHOLE = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
LIMIT = OpenApiParameter("limit", {**_WHOLE, "default": PAGE_SIZE}, description=f"How many, at most {MAX_PAGE_SIZE}.")
MESSAGE_PLACES = (
    OpenApiParameter("before", _WHOLE, description="Messages before this number."),
    OpenApiParameter("after", _WHOLE, description="Messages after this number."),
)
_PLACE = "^[0-9]{1,17}-[0-9]{1,18}$"
CONVERSATION_PLACES = (
    OpenApiParameter(
        "before", {"type": "string", "pattern": _PLACE}, description="A place in the list, as it stands in `next`."
    ),
)
ROOM_PLACES = (OpenApiParameter("after", _WHOLE, description="Rooms after the one of this id."),)


class _Page(msgspec.Struct, kw_only=True):
    next: str | None
    """The address of the page that follows; null on the last."""
    previous: str | None
    """The address of the page before; null on the first."""


class MessagePage(_Page):
    """Messages, oldest first in the page; ``next`` leads to earlier ones, ``previous`` to later ones."""

    results: list[wire.Message]


class ConversationPage(_Page):
    """Conversations, the most recently active first; ``previous`` leads back to the first page."""

    results: list[wire.Conversation]


class RoomPage(_Page):
    """Rooms in the order in which they were made; ``previous`` leads back to the first page."""

    results: list[wire.Room]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadData(f"{name!r} is to be a whole number.")
    return int(text)


def _size(request: Request) -> int:
    return max(1, min(_number(request, "limit") or PAGE_SIZE, MAX_PAGE_SIZE))


def _link(request: Request, **cursor: object) -> str:
    query = request.query_params.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    for name, value in cursor.items():
        query[name] = str(value)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def message_page(request: Request, actor: Actor, conversation_id: int) -> Response:
    """Messages, oldest first in the page; ``next`` leads to earlier ones, ``previous`` to later ones."""
    size, before, after = _size(request), _number(request, "before"), _number(request, "after")
    if after is not None:
        page = queries.history_after(actor, conversation_id, after, size)
        newer, older = page.more, True
    else:
        page = queries.history(actor, conversation_id, before, size)
        newer, older = before is not None, page.more
    found = page.messages
    next = _link(request, before=found[0].number) if found and older else None
    previous = _link(request, after=found[-1].number) if found and newer else None
    return reply(MessagePage(found, next=next, previous=previous))


def conversation_page(request: Request, actor: Actor) -> Response:
    """The actor's conversations, the most recently active first."""
    size, before = _size(request), request.query_params.get("before")
    found = queries.conversations_of(actor)
    if before is not None:
        at, id = _place(before)
        found = found.filter(Q(active_at__lt=at) | Q(active_at=at, pk__lt=id))
    rows = queries.conversation_list(actor, found, size + 1)
    more = len(rows) > size
    rows = rows[:size]
    first = _link(request) if before is not None else None
    next = _link(request, before=_cursor(rows[-1])) if more else None
    return reply(ConversationPage(rows, next=next, previous=first))


# A place in the list is a moment and an id, not an id alone: its conversation may have moved up meanwhile,
# and nobody is to learn by it which conversations others have (rule ACC-1).


def _cursor(row: wire.Conversation) -> str:
    return f"{(row.active_at - _EPOCH) // timedelta(microseconds=1)}-{row.id}"


def _place(cursor: str) -> tuple[datetime, int]:
    if not re.fullmatch(_PLACE, cursor, re.ASCII):
        raise BadData("'before' is no place in this list.")
    at, id = cursor.split("-")
    return _EPOCH + timedelta(microseconds=int(at)), int(id)


def room_page(request: Request) -> Response:
    """All rooms, in the order in which they were made."""
    size, after = _size(request), _number(request, "after")
    found = queries.rooms().order_by("pk")
    if after is not None:
        found = found.filter(pk__gt=after)
    rows = list(found[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    results = [queries.wire_room(row) for row in rows]
    first = _link(request) if after is not None else None
    next = _link(request, after=rows[-1].pk) if more else None
    return reply(RoomPage(results, next=next, previous=first))
