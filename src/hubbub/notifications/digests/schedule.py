"""When a digest is due. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hubbub.notifications.digests.models import Digest

SOON = timedelta(minutes=5)
"""How long what is mailed soon may be read before it is mailed."""
RETRY = timedelta(minutes=10)
LONGEST_RETRY = timedelta(hours=12)


def due_after(every: str, hour: int, zone: str, now: datetime) -> datetime | None:
    """When the next digest is due, if something comes in now; None for never."""
    if every == Digest.Every.SOON:
        return now + SOON
    if every == Digest.Every.HOUR:
        return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if every == Digest.Every.DAY:
        local = now.astimezone(ZoneInfo(zone))
        today = local.replace(hour=hour, minute=0, second=0, microsecond=0)
        # By the wall's clock, also over a night in which the clocks are set.
        return today if today > local else today + timedelta(days=1)
    return None


def retry_after(tries: int) -> timedelta:
    """How long is waited after so many failures."""
    return min(RETRY * float(2 ** min(tries, 10)), LONGEST_RETRY)
