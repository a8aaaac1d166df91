"""The server's own settings with limits that a load of this size does not reach."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_MUCH = "1000000/s"
HUBBUB |= {
    "LIMITS": dict.fromkeys(("messages", "conversations", "logins", "registrations", "tickets"), _MUCH),
    "FRAME_RATE": _MUCH,
    "RESUME_LIMIT": 5000,
    "OUTBOX_BYTES": 20_000_000,
}
