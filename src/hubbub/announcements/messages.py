"""The wire types of announcements (section "Announcements" of ``docs/SPEC.md``)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from hubbub.protocol.errors import Absent, NotAuthenticated
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import command, event

Level = Literal["info", "success", "warning", "danger"]


class Announcement(msgspec.Struct):
    """Something said to an audience. It is live from ``begins_at`` until ``expires_at``, or until it is withdrawn."""

    id: int
    number: int
    """The order in which announcements began, over all audiences; what is later has a higher one."""
    audience: str
    """The key of the audience, ``team.3``; its topic is ``audience.team.3``."""
    title: str
    body: str
    level: Level
    link: str
    """Where to read more: an address, or a path of this site. Empty for none."""
    banner: bool
    """Whether it is to be shown across the page, or only where notifications are."""
    acknowledge: bool
    """Whether everybody is asked to acknowledge it."""
    begins_at: datetime
    counts_to: datetime | None
    """To when a clock is to run beside it; null for none."""
    expires_at: datetime | None
    """From when on it is not to be shown any more; null: until it is withdrawn. No event tells."""
    created_at: datetime
    seen: bool = False
    """Whether the reader has seen it. In events, which are the same for all, always false."""
    acknowledged: bool = False
    """Whether the reader has acknowledged it. In events always false."""


# Commands and their replies


class AnnouncementFeed(msgspec.Struct):
    """What is live for the user, and the position of every topic followed for it."""

    announcements: list[Announcement]
    """The latest first, 100 at most."""
    unread: int
    """How many of them are neither seen nor acknowledged."""
    positions: dict[str, Position]
    reset: list[str]
    """Topics of ``since`` that could not be resumed; the feed has what is live all the same."""


@command("announcements.subscribe", reply=AnnouncementFeed, topic="none", limit="reads", errors=(NotAuthenticated,))
class SubscribeAnnouncements(msgspec.Struct):
    """Follow all audiences that one is in, also those joined later, with what happened after ``since``."""

    since: dict[str, Position] = {}


class SeenReply(msgspec.Struct):
    """Up to which number everything is seen now, and how many are still unread."""

    number: int
    unread: int


@command("announcements.see", reply=SeenReply, topic="none", limit="writes", errors=(NotAuthenticated,))
class SeeAnnouncements(msgspec.Struct):
    """Say that one has seen all announcements up to this ``number``. It never goes back."""

    up_to: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


@command("announcements.acknowledge", topic="none", limit="writes", errors=(Absent, NotAuthenticated))
class AcknowledgeAnnouncement(msgspec.Struct):
    """Acknowledge an announcement that asks for it. Once more is no error."""

    id: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


# Events on ``audience.<key>``


@event("announcements.announced", kind="audience")
class AnnouncementMade(msgspec.Struct):
    """Something new is said to the audience."""

    announcement: Announcement


@event("announcements.changed", kind="audience")
class AnnouncementChanged(msgspec.Struct):
    """An announcement says something else now. Who has seen or acknowledged it, has."""

    announcement: Announcement


@event("announcements.withdrawn", kind="audience")
class AnnouncementWithdrawn(msgspec.Struct):
    """An announcement is not live any more."""

    id: int


# Events on ``announcements.<user id>``


@event("announcements.seen_up_to")
class AnnouncementsSeen(msgspec.Struct):
    """The user has seen all announcements up to this number."""

    number: int
    unread: int


@event("announcements.acknowledged")
class AnnouncementAcknowledged(msgspec.Struct):
    """The user has acknowledged an announcement."""

    id: int


@event("announcements.joined")
class AudienceJoined(msgspec.Struct):
    """The user is in another audience from now on. Its topic's events after ``position`` follow by themselves."""

    audience: str
    position: Position
    announcements: list[Announcement]
    """The latest of what is live there, 20 at most. An audience where nothing is, is joined without a word."""


@event("announcements.left")
class AudienceLeft(msgspec.Struct):
    """The user is not in an audience any more: what was said to it is not for the user."""

    audience: str
