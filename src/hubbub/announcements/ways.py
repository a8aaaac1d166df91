"""The way of ``hubbub.notify`` to an audience: an announcement without a banner."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from hubbub.announcements import actions
from hubbub.django.audiences import Audience
from hubbub.django.notifying import Notice, register_way
from hubbub.engine.actor import SYSTEM
from hubbub.protocol.errors import BadData


def to_audience(to: Audience, notice: Notice, at: datetime | None = None) -> list[int]:
    """Announce it, now or at a time. Returns no ids: those of announcements are not those of users' notifications.

    Raises ValueError where it doesn't fit, as ``notify`` does of everything else.
    """
    expires_at = notice.expires_at
    if expires_at is None and notice.lasts is not None:
        expires_at = (at or timezone.now()) + notice.lasts
    content: dict[str, Any] = {
        "title": notice.title,
        "body": notice.body,
        "level": notice.level,
        "link": notice.link,
        "banner": False,
        "expires_at": expires_at,
    }
    try:
        actions.announce(SYSTEM, to, content, at)
    except BadData as error:
        raise ValueError(error.message) from None
    return []


register_way("audience", to_audience)
