"""The wire types of notifications (section "Notifications" of ``docs/SPEC.md``)."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from hubbub.protocol.errors import NotAuthenticated
from hubbub.protocol.registry import command, event

Level = Literal["info", "success", "warning", "danger"]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Ids = Annotated[list[Number], msgspec.Meta(min_length=1, max_length=200)]
TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](?!\n)$")]
"""``22:00``. Python's ``$`` lets a newline follow, and JavaScript, which reads this too, has no ``\\Z``."""


class NotificationActor(msgspec.Struct):
    """Who did what the notification tells of."""

    id: int | str
    username: str
    first_name: str = ""
    last_name: str = ""


class Notification(msgspec.Struct):
    """A notification, as its user sees it."""

    id: int
    number: int
    """Its place: it counts from 1 for each user, and the list begins with the highest."""
    kind: str
    level: Level
    title: str
    body: str
    link: str
    """A path or an address; empty for none."""
    actor: NotificationActor | None
    count: int
    """How many it stands for."""
    data: dict[str, Any]
    created_at: datetime
    read: bool


class NotificationList(msgspec.Struct):
    """The latest 30 notifications, newest first, and how many are unread in all."""

    notifications: list[Notification]
    unread: int


# Commands and their replies. All are about the user's own.


class UnreadNotifications(msgspec.Struct):
    """How many are unread now."""

    unread: int


@command("notifications.mark", reply=UnreadNotifications, topic="none", limit="writes", errors=(NotAuthenticated,))
class MarkNotifications(msgspec.Struct):
    """Mark some notifications as read, or as unread. Ids that are none of one's own are passed over."""

    ids: Ids
    read: bool = True


@command("notifications.mark_all", reply=UnreadNotifications, topic="none", limit="writes", errors=(NotAuthenticated,))
class MarkAllNotifications(msgspec.Struct):
    """Mark all as read up to the one with the ``number`` that is given (without it, all)."""

    up_to: Number | None = None


class NotificationPage(msgspec.Struct):
    """Notifications, newest first, and whether there are earlier ones."""

    notifications: list[Notification]
    more: bool


@command("notifications.history", reply=NotificationPage, topic="none", limit="reads", errors=(NotAuthenticated,))
class NotificationHistory(msgspec.Struct):
    """Read notifications before the ``number`` given (without it, the latest)."""

    before: Number | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 30
    unread: bool = False
    """Only those that are unread."""


class KindPreference(msgspec.Struct):
    """A kind of notification, and by which channels one wants it."""

    kind: str
    label: str
    """What people are shown."""
    channels: dict[str, bool]


class QuietHours(msgspec.Struct):
    """When one wants nothing but the list: no alerts, no pushes, and e-mail comes after. The level ``danger`` passes.

    ``begins`` and ``ends`` are times of day in the time zone; both null for no quiet hours. They may go past midnight.
    """

    begins: TimeOfDay | None
    ends: TimeOfDay | None
    timezone: Annotated[str, msgspec.Meta(max_length=64)] = "UTC"
    """As the IANA names it: ``Europe/Berlin``."""


class Preferences(msgspec.Struct):
    """What one wants to be told of, and how."""

    kinds: list[KindPreference]
    quiet_hours: QuietHours


@command("notifications.preferences", reply=Preferences, topic="none", limit="reads", errors=(NotAuthenticated,))
class ReadPreferences(msgspec.Struct):
    """Read one's preferences."""


@command("notifications.set_preference", reply=Preferences, topic="none", limit="writes", errors=(NotAuthenticated,))
class SetPreference(msgspec.Struct):
    """Say whether one wants a kind by a channel. Without the channel ``site`` it doesn't come at all."""

    kind: str
    channel: str
    on: bool


@command("notifications.set_quiet_hours", reply=Preferences, topic="none", limit="writes", errors=(NotAuthenticated,))
class SetQuietHours(QuietHours):
    """Set one's quiet hours; with ``begins`` and ``ends`` null there are none."""


# Events on ``notifications.<user id>``


@event("notifications.notified")
class Notified(msgspec.Struct):
    """A notification came, or one of a group was counted up: it has the same id, and stands on top now."""

    notification: Notification
    unread: int
    alert: bool = False
    """Whether a page may show it by the browser's own means: the user's preferences and quiet hours say so."""


@event("notifications.changed")
class NotificationChanged(msgspec.Struct):
    """A notification says less than it did, where it is: a message that it stood for was deleted. Nobody is alerted."""

    notification: Notification
    unread: int


@event("notifications.marked")
class Marked(msgspec.Struct):
    """Notifications are read or unread now: those of ``ids``, and all up to the number ``up_to`` where that is set."""

    ids: list[int]
    read: bool
    up_to: int | None
    unread: int


@event("notifications.withdrawn")
class Withdrawn(msgspec.Struct):
    """Notifications are gone: expired, withdrawn by who sent them, or old."""

    ids: list[int]
    unread: int
