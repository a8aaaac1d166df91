"""What users want: by kind and channel, and when to be left alone. What decides is pure (rule NTF-5)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hubbub.django.notifying import Notice, kinds
from hubbub.notifications.models import Box, Preference


def is_quiet(begins: time | None, ends: time | None, zone: str, now: datetime) -> bool:
    """Whether ``now`` is in the quiet hours; past midnight where they begin later than they end."""
    if begins is None or ends is None:
        return False
    at = now.astimezone(ZoneInfo(zone)).time()
    return begins <= at < ends if begins <= ends else at >= begins or at < ends


def in_quiet_hours(box: Box, now: datetime) -> bool:
    """Whether ``now`` is in the quiet hours of a box's user."""
    return is_quiet(box.quiet_begins, box.quiet_ends, box.timezone, now)


def may_alert(*, wanted: bool, level: str, quiet: bool, focused: bool = False) -> bool:
    """Whether a channel beside the list tells of a notification.

    ``wanted``: the user's preference, or the kind's default. ``quiet``: whether it is in the user's quiet hours, which
    the level ``danger`` passes. ``focused``: whether the user is looking at a page that shows it already.
    """
    return wanted and not focused and (not quiet or level == "danger")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What some users have said of some kinds, where it is not the default."""

    said: dict[tuple[Any, str, str], bool]
    """By user id, kind and channel."""

    def wants(self, user_id: Any, kind: str, channel: str) -> bool:
        by_default = kind in kinds and channel in kinds[kind].channels
        return self.said.get((user_id, kind, channel), by_default)

    def alerts(self, user_id: Any, notice: Notice, box: Box, now: datetime) -> bool:
        """Whether a page may tell of it by the browser's own means."""
        quiet = in_quiet_hours(box, now)
        return may_alert(wanted=self.wants(user_id, notice.kind, "browser"), level=notice.level, quiet=quiet)


def wishes_of(user_ids: Collection[Any], kinds: Collection[str]) -> Wishes:
    """What these users have said of these kinds. One query."""
    rows = Preference.objects.filter(user_id__in=list(user_ids), kind__in=list(kinds))
    return Wishes(
        {(user, kind, channel): on for user, kind, channel, on in rows.values_list("user_id", "kind", "channel", "on")}
    )
