"""``notify``: telling users or an audience something, from anywhere in a project (rule NTF-2).

Features say how: ``hubbub.notifications`` brings the way to users, ``hubbub.announcements`` that to an audience. Here
stand the kinds of notifications too, so that a feature has its own without knowing who shows them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.utils import timezone

from hubbub.django.audiences import Audience, title_of
from hubbub.django.auth import wire_id
from hubbub.django.twins import in_thread, refuse_in_loop
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent

Level = Literal["info", "success", "warning", "danger"]
LEVELS: tuple[str, ...] = get_args(Level)
CHANNELS = ("site", "browser", "push", "email")
"""The list itself, the page's own browser notifications, Web Push, and mail."""

MAX_TITLE, MAX_BODY, MAX_LINK, MAX_GROUP = 200, 5000, 500, 100
"""Characters. A title or text that is longer is cut."""
MAX_DATA = 16_384
"""Bytes of ``data`` as JSON."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notification: what people are shown of it, and the channels that it comes by unless they say no."""

    name: str
    label: str
    channels: frozenset[str]


kinds: dict[str, Kind] = {}


def notification_kind(name: str, label: str, channels: Iterable[str] = ("site", "browser", "push")) -> Kind:
    """Register a kind of notification. ``label`` is for people, ``channels`` are those that are on by default.

    Raises ValueError for a name of more than 60 characters, or one that is taken by another label.
    """
    if not name or len(name) > 60 or not name.replace(".", "").replace("_", "").isalnum():
        raise ValueError(f"{name!r} is no name of a kind: up to 60 letters, digits, '.' and '_'.")
    kind = Kind(name, label, frozenset(channels))
    if kinds.setdefault(name, kind) != kind:
        raise ValueError(f"The kind {name!r} is already registered, as {kinds[name].label!r}.")
    return kind


notification_kind("general", "General")


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be told, checked; as JSON it can wait for its time."""

    title: str
    body: str = ""
    kind: str = "general"
    level: Level = "info"
    link: str = ""
    actor: int | str | None = None
    """The primary key of the user who did it."""
    target: tuple[str, str] | None = None
    """What it is about: the model's label (``tasks.task``), and the primary key."""
    data: dict[str, Any] = {}
    group: str = ""
    many: str = ""
    """The title where it stands for several."""
    expires_at: datetime | None = None
    lasts: timedelta | None = None
    """How long from the moment that it is told; ``expires_at`` goes before it."""


Way = Callable[[Any, Notice, datetime | None], list[int]]
"""Tells a notice to users or an audience, now or at a time; returns the ids of the users' notifications."""

_ways: dict[str, Way] = {}
_FEATURES = {"users": ("users", "hubbub.notifications"), "audience": ("an audience", "hubbub.announcements")}


def register_way(to: Literal["users", "audience"], way: Way) -> Way:
    """Let notices for users, or those for an audience, go this way."""
    _ways[to] = way
    return way


def notify(
    to: Any,
    title: str,
    *,
    body: str = "",
    kind: str = "general",
    level: Level = "info",
    link: str = "",
    actor: Any = None,
    target: Model | None = None,
    data: dict[str, Any] | None = None,
    group: str = "",
    many: str = "",
    expires: datetime | timedelta | None = None,
    at: datetime | None = None,
) -> list[int]:
    """Tell a user, several, or an audience; they see it at once, and find it when they come.

    ``to`` is a user, a user's primary key, an iterable or queryset of them, or an ``Audience``. Inside ``atomic()`` it
    is part of that transaction: rolled back, nobody ever sees it; committed, it is never lost.

    ``kind`` is one registered by ``notification_kind``. ``link`` is a path or an http address. ``actor``, a user or an
    ``Actor``, is who did it, ``target`` the model instance that it is about. While one with the same ``group`` is
    unread, that one is counted up and comes on top again; ``many`` is its title then, ``{count}`` in it the number:
    ``many="{count} people reacted"``. ``expires``: when it is of no more use, a time or a span. ``at``: tell it then,
    within a second or so.

    An audience has one announcement for all: it takes no ``kind``, ``actor``, ``target``, ``data``, ``group`` or
    ``many``, and is withdrawn as announcements are.

    Users who are not active, and who have switched the kind off, are left out. A title of more than 200 characters and
    a text of more than 5,000 are cut. Returns the ids of the users' notifications, as ``notifications.withdraw`` takes
    them; none for an audience, and for what is told later.
    Raises ValueError and TypeError for arguments that don't fit, ImproperlyConfigured where the feature that shows it
    is not installed, SynchronousOnlyOperation in async code: there it is ``await hubbub.anotify(…)``.
    """
    refuse_in_loop("notify")
    notice = make_notice(
        title,
        body=body,
        kind=kind,
        level=level,
        link=link,
        actor=actor,
        target=target,
        data=data,
        group=group,
        many=many,
        expires=expires,
    )
    return tell(to, notice, None if at is None else aware(at, "at"))


async def anotify(to: Any, title: str, **options: Any) -> list[int]:
    """``notify`` for coroutines, with the same arguments. Raises what ``notify`` does."""
    return await in_thread(notify, to, title, **options)


def tell(to: Any, notice: Notice, at: datetime | None = None) -> list[int]:
    """Let a notice go its way. Raises ImproperlyConfigured where nobody has registered one, ValueError."""
    where: Literal["users", "audience"] = "audience" if isinstance(to, Audience) else "users"
    if where not in _ways:
        whom, app = _FEATURES[where]
        raise ImproperlyConfigured(f"To notify {whom}, add {app!r} to INSTALLED_APPS.")
    if isinstance(to, Audience):
        check_audience(to, notice)
    return _ways[where](to, notice, at)


def check_audience(audience: Audience, notice: Notice) -> None:
    """Whether an audience can be told this. Raises ValueError where it cannot, or there is no such audience. Blocks."""
    nothing = Notice(title="")
    for name in ("kind", "actor", "target", "data", "group", "many"):
        if getattr(notice, name) != getattr(nothing, name):
            raise ValueError(f"An audience has one announcement for all, which takes no {name!r}: leave it out.")
    try:
        title_of(audience)
    except Absent:
        raise ValueError(f"There is no audience {audience.key!r}.") from None


def make_notice(
    title: str,
    *,
    actor: Any = None,
    target: Model | None = None,
    data: dict[str, Any] | None = None,
    expires: datetime | timedelta | None = None,
    body: str = "",
    kind: str = "general",
    level: Level = "info",
    link: str = "",
    group: str = "",
    many: str = "",
) -> Notice:
    """What ``notify`` is given, checked. Raises ValueError, TypeError."""
    if not isinstance(title, str) or not title.strip():
        raise ValueError("A notification needs a title.")
    if kind not in kinds:
        raise ValueError(f"There is no kind {kind!r}: register it with hubbub.notifications.notification_kind.")
    if level not in LEVELS:
        raise ValueError(f"{level!r} is no level: take one of {', '.join(LEVELS)}.")
    if len(group) > MAX_GROUP or "\x00" in group:
        raise ValueError(f"A group is at most {MAX_GROUP} characters, without NUL.")
    if expires is not None and not isinstance(expires, datetime | timedelta):
        raise TypeError("'expires' is a datetime or a timedelta.")
    return Notice(
        title=_cut(title.strip(), MAX_TITLE),
        body=_cut(body, MAX_BODY),
        kind=kind,
        level=level,
        link=checked_link(link),
        actor=_user_id(actor),
        target=None if target is None else target_of(target),
        data=_plain(data or {}),
        group=group,
        many=_cut(many, MAX_TITLE),
        expires_at=aware(expires, "expires") if isinstance(expires, datetime) else None,
        lasts=expires if isinstance(expires, timedelta) else None,
    )


def target_of(target: Model) -> tuple[str, str]:
    """The label and the primary key of what a notification is about. Raises ValueError for a row without one."""
    if target.pk is None or len(str(target.pk)) > 64:
        raise ValueError("What a notification is about is to be saved, with a primary key of 64 characters at most.")
    return target._meta.label_lower, str(target.pk)


def aware(at: Any, name: str) -> datetime:
    """A time with its zone. Raises TypeError, and ValueError for one without a zone."""
    if not isinstance(at, datetime):
        raise TypeError(f"{name!r} is a datetime.")
    if timezone.is_naive(at):
        raise ValueError(f"{name!r} needs a time zone: django.utils.timezone.make_aware(…) gives it one.")
    return at


def checked_link(link: str) -> str:
    """A path or an http address: no other address does something that its reader expects. Raises ValueError."""
    local = link.startswith("/") and not link.startswith(("//", "/\\"))
    if link and not local and not _is_address(link):
        raise ValueError(f"{link!r} is no link: write a path that begins with '/', or an http or https address.")
    if len(link) > MAX_LINK or any(each < "!" for each in link):
        raise ValueError(f"A link is at most {MAX_LINK} characters, without white space.")
    return link


def _is_address(link: str) -> bool:
    """Whether it is http(s), of a host: browsers raise errors for other addresses."""
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname, parts.port
    except ValueError:  # No IPv6 address, or no number for a port.
        return False
    return link.startswith(("http://", "https://")) and bool(host)


def _cut(text: str, most: int) -> str:
    text = text.replace("\x00", "")
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _user_id(actor: Any) -> int | str | None:
    """The primary key of a user, of an Actor, or itself, as it travels."""
    if isinstance(actor, Actor):
        return actor.user_id
    pk = getattr(actor, "pk", actor)
    return None if pk is None else wire_id(pk)


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """The data as its readers get it. Raises ValueError for what is no JSON, or too much of it."""
    try:
        text = msgspec.json.encode(data)
        plain = msgspec.json.decode(text, type=dict[str, Any])
    except (TypeError, ValueError) as error:
        raise ValueError(f"'data' cannot be sent as JSON: {error}") from None
    if len(text) > MAX_DATA or b"\\u0000" in text:
        raise ValueError(f"'data' is at most {MAX_DATA} bytes as JSON, without NUL.")
    return plain
