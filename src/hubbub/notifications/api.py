"""The REST side of notifications; the rules are the actions'. Bodies are the wire types of ``messages.py``."""

import msgspec
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.django.limits import limiter
from hubbub.django.openapi import describes
from hubbub.django.rest import FeatureView, actor, body, reply
from hubbub.notifications import actions, queries
from hubbub.notifications import messages as wire
from hubbub.protocol.errors import BadData, RateLimited

MAX_PAGE_SIZE = 200
MAX_NUMBER = 2**53
_WHOLE = {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER}
PLACES = (
    OpenApiParameter("limit", {**_WHOLE, "default": queries.LATEST}, description=f"How many, at most {MAX_PAGE_SIZE}."),
    OpenApiParameter("before", _WHOLE, description="Notifications before this number."),
    OpenApiParameter(
        "unread", {"type": "boolean", "default": False}, description="`true`: only those that are unread."
    ),
)


class NotificationResults(msgspec.Struct, kw_only=True):
    """Notifications, newest first; ``next`` leads to earlier ones, ``previous`` back to the first page."""

    next: str | None
    """The address of the page that follows; null on the last."""
    previous: str | None
    """The address of the first page; null there."""
    unread: int
    """How many are unread in all."""
    results: list[wire.Notification]


class Notifications(FeatureView):
    """``/api/notifications/``"""

    @describes("List one's notifications.", returns=NotificationResults, query=PLACES)
    def get(self, request: Request) -> Response:
        before = _number(request, "before")
        limit = max(1, min(_number(request, "limit") or queries.LATEST, MAX_PAGE_SIZE))
        box, page = queries.page(actor(request).require_user(), before, limit, _flag(request, "unread"))
        found = page.notifications
        return reply(
            NotificationResults(
                next=_link(request, str(found[-1].number)) if page.more else None,
                previous=None if before is None else _link(request),
                unread=box.unread,
                results=found,
            )
        )


class Mark(FeatureView):
    """``/api/notifications/mark/``"""

    @describes(
        "Mark notifications as read or unread.",
        body=wire.MarkNotifications,
        returns=wire.UnreadNotifications,
        errors=(RateLimited,),
    )
    def post(self, request: Request) -> Response:
        limiter().hit("writes", actor(request).key)
        wanted = body(request, wire.MarkNotifications)
        return reply(actions.mark(actor(request), wanted.ids, wanted.read))


class MarkAll(FeatureView):
    """``/api/notifications/mark-all/``"""

    @describes(
        "Mark all as read, up to a number or the last.",
        body=wire.MarkAllNotifications,
        returns=wire.UnreadNotifications,
        errors=(RateLimited,),
    )
    def post(self, request: Request) -> Response:
        limiter().hit("writes", actor(request).key)
        return reply(actions.mark_all(actor(request), body(request, wire.MarkAllNotifications).up_to))


class Preferences(FeatureView):
    """``/api/notifications/preferences/``"""

    @describes("Read what one wants to be told of, and how.", returns=wire.Preferences)
    def get(self, request: Request) -> Response:
        return reply(queries.preferences(actor(request).require_user()))

    @describes(
        "Say whether one wants a kind by a channel.",
        body=wire.SetPreference,
        returns=wire.Preferences,
        errors=(RateLimited,),
    )
    def put(self, request: Request) -> Response:
        limiter().hit("writes", actor(request).key)
        wanted = body(request, wire.SetPreference)
        return reply(actions.set_preference(actor(request), wanted.kind, wanted.channel, wanted.on))


class QuietHours(FeatureView):
    """``/api/notifications/quiet-hours/``"""

    @describes("Set one's quiet hours.", body=wire.SetQuietHours, returns=wire.Preferences, errors=(RateLimited,))
    def put(self, request: Request) -> Response:
        limiter().hit("writes", actor(request).key)
        return reply(actions.set_quiet_hours(actor(request), body(request, wire.SetQuietHours)))


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or int(text) > MAX_NUMBER:
        raise BadData(f"{name!r} is to be a whole number, at most {MAX_NUMBER}.")
    return int(text)


def _flag(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise BadData(f"{name!r} is to be true or false.")
    return text == "true"


def _link(request: Request, before: str = "") -> str:
    query = request.query_params.copy()
    query.pop("before", None)
    if before:
        query["before"] = before
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
