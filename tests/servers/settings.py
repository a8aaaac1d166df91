"""The server's own settings, with an outbox that is soon full and limits that one sender doesn't reach."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

_MUCH = "1000000/s"
HUBBUB |= {
    "LIMITS": dict.fromkeys(("messages", "conversations", "logins", "registrations", "tickets"), _MUCH),
    "FRAME_RATE": _MUCH,
    "OUTBOX_BYTES": 200_000,
}
