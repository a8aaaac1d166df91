"""An example of each wire type of notifications, for the reference."""

from datetime import UTC, datetime

from hubbub.notifications import messages as wire
from hubbub.notifications.api import NotificationResults
from hubbub.notifications.push import messages as push
from hubbub.protocol.registry import example

ADA = wire.NotificationActor(7, "ada", "Ada", "")
ASSIGNED = wire.Notification(
    id=310,
    number=12,
    kind="general",
    level="info",
    title="Ada assigned you a task",
    body="Paint the door",
    link="/tasks/31",
    actor=ADA,
    count=1,
    data={"task": 31},
    created_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    read=False,
)
AT_NIGHT = wire.QuietHours(begins="22:00", ends="07:00", timezone="Europe/Berlin")
GENERAL = wire.KindPreference("general", "General", {"site": True, "browser": True, "push": True, "email": False})

example(
    ADA,
    ASSIGNED,
    AT_NIGHT,
    GENERAL,
    wire.NotificationList([ASSIGNED], unread=1),
    wire.MarkNotifications(ids=[310], read=True),
    wire.MarkAllNotifications(up_to=12),
    wire.UnreadNotifications(0),
    wire.NotificationHistory(before=12, limit=30),
    wire.NotificationPage([ASSIGNED], more=True),
    NotificationResults(next=None, previous=None, unread=1, results=[ASSIGNED]),
    wire.ReadPreferences(),
    wire.Preferences([GENERAL], AT_NIGHT),
    wire.SetPreference(kind="general", channel="email", on=True),
    wire.SetQuietHours(begins="22:00", ends="07:00", timezone="Europe/Berlin"),
    wire.Notified(ASSIGNED, unread=1, alert=True),
    wire.NotificationChanged(ASSIGNED, unread=1),
    wire.Marked(ids=[310], read=True, up_to=None, unread=0),
    wire.Withdrawn(ids=[310], unread=0),
    push.NotificationsShown(number=12),
)
