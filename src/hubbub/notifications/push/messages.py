"""What browsers send, and are answered, to turn pushes on and off."""

from datetime import datetime
from typing import Annotated

import msgspec

from hubbub.notifications.push.endpoints import MOST_CHARACTERS
from hubbub.protocol.errors import NotAuthenticated
from hubbub.protocol.registry import command

Endpoint = Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_CHARACTERS)]
_BASE64 = r"^[A-Za-z0-9_-]+(?!\n)$"
"""For URLs, without padding. In Python ``$`` also stands before a line's end."""
Key = Annotated[str, msgspec.Meta(min_length=16, max_length=100, pattern=_BASE64)]
Secret = Annotated[str, msgspec.Meta(min_length=16, max_length=40, pattern=_BASE64)]


class NewDevice(msgspec.Struct):
    """A browser's push subscription, as its ``PushManager`` gives it."""

    endpoint: Endpoint
    p256dh: Key
    auth: Secret
    label: Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[^\x00]*$")] = ""
    """What people are shown: "Firefox on Linux"."""


class OldDevice(msgspec.Struct):
    """A browser that is to get no more pushes."""

    endpoint: Endpoint


class PushDevice(msgspec.Struct):
    """A browser that gets one's pushes."""

    id: int
    label: str
    created_at: datetime
    last_success_at: datetime | None
    """When its push service has taken one last."""


class PushDevices(msgspec.Struct):
    """One's browsers that get pushes, the newest first."""

    public_key: str
    """What browsers subscribe with, in base64 for URLs; empty where this server sends no pushes."""
    devices: list[PushDevice]


@command("notifications.shown", topic="none", limit="writes", errors=(NotAuthenticated,))
class NotificationsShown(msgspec.Struct):
    """Say that a page which somebody is looking at shows the notifications up to a ``number``: they are not pushed."""

    number: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
