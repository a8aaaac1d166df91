"""An example of each wire type of announcements, for the reference."""

from datetime import UTC, datetime, timedelta

from hubbub.announcements import messages as wire
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import example

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
OWN, TEAM = Position("k3f9", 3), Position("k3f9", 8)
MAINTENANCE = wire.Announcement(
    id=12,
    number=11,
    audience="team.3",
    title="Maintenance in 10 minutes",
    body="Save what you are doing.",
    level="warning",
    link="/status",
    banner=True,
    acknowledge=True,
    begins_at=AT,
    counts_to=AT + timedelta(minutes=10),
    expires_at=AT + timedelta(minutes=40),
    created_at=AT,
)
POSITIONS = {"announcements.7": OWN, "audience.team.3": TEAM}

example(
    MAINTENANCE,
    wire.SubscribeAnnouncements(since=POSITIONS),
    wire.AnnouncementFeed([MAINTENANCE], unread=1, positions=POSITIONS, reset=[]),
    wire.SeeAnnouncements(up_to=11),
    wire.SeenReply(number=11, unread=0),
    wire.AcknowledgeAnnouncement(id=12),
    wire.AnnouncementMade(MAINTENANCE),
    wire.AnnouncementChanged(MAINTENANCE),
    wire.AnnouncementWithdrawn(id=12),
    wire.AnnouncementsSeen(number=11, unread=0),
    wire.AnnouncementAcknowledged(id=12),
    wire.AudienceJoined("team.3", TEAM, [MAINTENANCE]),
    wire.AudienceLeft("team.3"),
)
