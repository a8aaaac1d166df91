"""An example of each wire type of presence, for the reference."""

from datetime import UTC, datetime

from hubbub.presence import messages as wire
from hubbub.protocol.registry import example

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
PHONE = wire.Device("8f3a61c07d2e", "online", AT)
ADA = wire.Presence(7, "online", None, [PHONE])
BOB = wire.Presence(8, "offline", AT)

example(
    PHONE,
    ADA,
    wire.Watch(users=[7, 8]),
    wire.Watched([ADA, BOB]),
    wire.SetPresence(state="away"),
    wire.PresenceChanged([ADA], []),
)
