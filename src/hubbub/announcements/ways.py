"""The way of ``hubbub.notify`` to an audience: an announcement without a banner."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from hubbub.announcements import actions
from hubbub.django.audiences import Audience
from hubbub.django.notifying import Notice, register_way
from hubbub.engine.actor import SYSTEM


def to_audience(to: Audience, notice: Notice, at: datetime | None = None) -> list[int]:
    """Announce it, now or at a time. Raises BadData where there is no such audience."""
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
    made = actions.announce(SYSTEM, to, content, at)
    return [made.pk] if made.number is not None else []


register_way("audience", to_audience)
