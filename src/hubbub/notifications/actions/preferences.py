"""What users say they want."""

from datetime import time
from zoneinfo import ZoneInfo

from hubbub.django.actions import action
from hubbub.django.notifying import kinds
from hubbub.engine.actor import Actor
from hubbub.notifications import messages as wire
from hubbub.notifications import queries
from hubbub.notifications.actions import boxes
from hubbub.notifications.channels import channel_names
from hubbub.notifications.models import Preference
from hubbub.protocol.errors import BadData


@action
def set_preference(actor: Actor, kind: str, channel: str, on: bool) -> wire.Preferences:
    """Say whether one wants a kind by a channel (rule NTF-5). Raises NotAuthenticated, BadData."""
    user_id = actor.require_user()
    if kind not in kinds:
        raise BadData(f"There is no kind of notification {kind!r}.")
    if channel not in channel_names():
        raise BadData(f"There is no channel {channel!r}.")
    Preference.objects.update_or_create(user_id=user_id, kind=kind, channel=channel, defaults={"on": on})
    return queries.preferences(user_id)


@action
def set_quiet_hours(actor: Actor, hours: wire.QuietHours) -> wire.Preferences:
    """Say when one wants to be left alone (rule NTF-5). Raises NotAuthenticated, BadData."""
    user_id = actor.require_user()
    if (hours.begins is None) != (hours.ends is None):
        raise BadData("Quiet hours have both a begin and an end, or neither.")
    if hours.begins is not None and hours.begins == hours.ends:
        raise BadData("Quiet hours that begin when they end are none.")
    box = boxes.made(user_id)
    box.quiet_begins, box.quiet_ends = (
        None if at is None else time.fromisoformat(at) for at in (hours.begins, hours.ends)
    )
    box.timezone = checked_zone(hours.timezone)
    box.save(update_fields=["quiet_begins", "quiet_ends", "timezone"])
    return queries.preferences(user_id)


def checked_zone(name: str) -> str:
    """The name of a time zone. Raises BadData."""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        raise BadData(f"There is no time zone {name!r}: write it as in 'Europe/Berlin'.") from None
