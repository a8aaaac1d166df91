"""The REST side of announcements; the rules are the actions'."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from drf_spectacular.utils import OpenApiParameter
from msgspec import UNSET, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.announcements import actions, queries
from hubbub.announcements import messages as wire
from hubbub.announcements.contents import check_audience
from hubbub.announcements.models import Announcement
from hubbub.announcements.policy import permitted
from hubbub.django.contacts import user_ids
from hubbub.django.limits import limiter
from hubbub.django.openapi import describes
from hubbub.django.rest import FeatureView, actor, body, reply
from hubbub.protocol.errors import Absent, BadData, RateLimited

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
_WHOLE = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
_LIMIT = OpenApiParameter("limit", {**_WHOLE, "default": PAGE_SIZE}, description=f"How many, at most {MAX_PAGE_SIZE}.")
_BEFORE = OpenApiParameter("before", _WHOLE, description="Those before this `number`.")
_BEFORE_ID = OpenApiParameter("before", _WHOLE, description="Those before this `id`.")
_STATE = OpenApiParameter("state", {"type": "string", "enum": list(queries.STATES)}, description="Only these.")
_AFTER = OpenApiParameter("after", {"type": "string"}, description="Those after the user of this id.")


class AnnouncementPage(msgspec.Struct):
    """Announcements, the latest first, and whether there are earlier ones."""

    announcements: list[wire.Announcement]
    more: bool


class NewAnnouncement(msgspec.Struct):
    """Something to say to an audience."""

    audience: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    title: str
    body: str = ""
    level: wire.Level = "info"
    link: str = ""
    banner: bool = True
    acknowledge: bool = False
    at: datetime | None = None
    """When it begins; null for now."""
    counts_to: datetime | None = None
    expires_at: datetime | None = None


class AnnouncementChanges(msgspec.Struct):
    """What an announcement is to say from now on; what is left out stays."""

    title: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    level: wire.Level | UnsetType = UNSET
    link: str | UnsetType = UNSET
    banner: bool | UnsetType = UNSET
    acknowledge: bool | UnsetType = UNSET
    at: datetime | UnsetType = UNSET
    """When it begins; only until it has."""
    counts_to: datetime | UnsetType | None = UNSET
    expires_at: datetime | UnsetType | None = UNSET


class SentAnnouncement(msgspec.Struct):
    """An announcement as staff see it, scheduled and withdrawn ones too."""

    id: int
    number: int | None
    """Null until it has begun."""
    audience: str
    title: str
    body: str
    level: wire.Level
    link: str
    banner: bool
    acknowledge: bool
    begins_at: datetime
    counts_to: datetime | None
    expires_at: datetime | None
    created_at: datetime
    withdrawn_at: datetime | None


class SentPage(msgspec.Struct):
    """Announcements, the latest made first, and whether there are earlier ones."""

    announcements: list[SentAnnouncement]
    more: bool


class AnnouncementReader(msgspec.Struct):
    """A user who is in the audience now."""

    id: int | str
    username: str
    first_name: str
    last_name: str
    seen: bool
    acknowledged_at: datetime | None


class ReaderPage(msgspec.Struct):
    """Who was told, in the order of their ids, and how many of them have seen and acknowledged it."""

    members: int
    seen: int
    acknowledged: int
    readers: list[AnnouncementReader]
    more: bool


class Announcements(FeatureView):
    """``/api/announcements/``"""

    @describes("Read what was said to oneself.", returns=AnnouncementPage, query=(_LIMIT, _BEFORE))
    def get(self, request: Request) -> Response:
        before = request.query_params.get("before")
        found, more = queries.past(actor(request), None if before is None else _number(before), _size(request))
        return reply(AnnouncementPage(found, more))


class See(FeatureView):
    """``/api/announcements/see/``"""

    @describes(
        "Say up to where one has seen them.", body=wire.SeeAnnouncements, returns=wire.SeenReply, errors=(RateLimited,)
    )
    def post(self, request: Request) -> Response:
        limiter().hit("writes", actor(request).key)
        return reply(actions.see(actor(request), body(request, wire.SeeAnnouncements).up_to))


class Acknowledge(FeatureView):
    """``/api/announcements/{announcement}/acknowledge/``"""

    @describes("Acknowledge an announcement that asks for it.", status=204, errors=(Absent, RateLimited))
    def post(self, request: Request, announcement: int) -> Response:
        limiter().hit("writes", actor(request).key)
        actions.acknowledge(actor(request), announcement)
        return Response(status=204)


class Sent(FeatureView):
    """``/api/announcements/sent/``: for staff."""

    @describes("List all announcements.", returns=SentPage, query=(_LIMIT, _BEFORE_ID), errors=(Absent,))
    def get(self, request: Request) -> Response:
        permitted(actor(request), "view")
        limit, before = _size(request), request.query_params.get("before")
        rows = Announcement.objects.order_by("-pk")
        found = list((rows if before is None else rows.filter(pk__lt=_number(before)))[: limit + 1])
        return reply(SentPage([sent(row) for row in found[:limit]], len(found) > limit))

    @describes(
        "Announce something, now or at a time.",
        body=NewAnnouncement,
        returns=SentAnnouncement,
        status=201,
        errors=(Absent, RateLimited),
    )
    def post(self, request: Request) -> Response:
        permitted(actor(request), "add")
        limiter().hit("writes", actor(request).key)
        wanted = body(request, NewAnnouncement)
        content = msgspec.structs.asdict(wanted)
        audience, at = check_audience(content.pop("audience")), content.pop("at")
        return reply(sent(actions.announce(actor(request), audience, content, at)), 201)


class SentDetail(FeatureView):
    """``/api/announcements/sent/{announcement}/``"""

    @describes("Read one announcement.", returns=SentAnnouncement, errors=(Absent,))
    def get(self, request: Request, announcement: int) -> Response:
        permitted(actor(request), "view")
        return reply(sent(queries.announcement(announcement)))

    @describes(
        "Let an announcement say something else.",
        body=AnnouncementChanges,
        returns=SentAnnouncement,
        errors=(Absent, RateLimited),
    )
    def patch(self, request: Request, announcement: int) -> Response:
        permitted(actor(request), "change")
        limiter().hit("writes", actor(request).key)
        wanted = msgspec.structs.asdict(body(request, AnnouncementChanges))
        content = {name: value for name, value in wanted.items() if value is not UNSET}
        at = content.pop("at", None)
        return reply(sent(actions.change(actor(request), announcement, content, at)))

    @describes("Withdraw an announcement.", status=204, errors=(Absent, RateLimited))
    def delete(self, request: Request, announcement: int) -> Response:
        permitted(actor(request), "delete")
        limiter().hit("writes", actor(request).key)
        actions.withdraw(actor(request), announcement)
        return Response(status=204)


class Readers(FeatureView):
    """``/api/announcements/sent/{announcement}/readers/``"""

    @describes(
        "Read who has seen and acknowledged an announcement.",
        returns=ReaderPage,
        query=(_LIMIT, _AFTER, _STATE),
        errors=(Absent,),
    )
    def get(self, request: Request, announcement: int) -> Response:
        permitted(actor(request), "view")
        row, limit = queries.announcement(announcement), _size(request)
        state = request.query_params.get("state", "")
        if state not in ("", *queries.STATES):
            raise BadData(f"'state' is one of {', '.join(queries.STATES)}.")
        found = queries.readers(row, state, _user_id(request.query_params.get("after", "")), limit + 1)
        listed = [AnnouncementReader(*each) for each in found[:limit]]
        return reply(ReaderPage(*queries.counts(row), listed, len(found) > limit))


def sent(row: Announcement) -> SentAnnouncement:
    fields: dict[str, Any] = {name: getattr(row, name) for name in SentAnnouncement.__struct_fields__}
    return SentAnnouncement(**fields)


def _user_id(text: str) -> int | str:
    """The user's id that a query names; empty where it names none. Raises BadData."""
    found = user_ids([text]) if text else [""]
    if not found:
        raise BadData("'after' is a user's id.")
    return found[0]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadData("'before' and 'limit' are whole numbers.")
    return int(text)


def _size(request: Request) -> int:
    return max(1, min(_number(request.query_params.get("limit", str(PAGE_SIZE))), MAX_PAGE_SIZE))
