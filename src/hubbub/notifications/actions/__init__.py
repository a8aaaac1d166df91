"""Everything that changes notifications. The only place that writes and publishes."""

from hubbub.notifications.actions.marking import mark, mark_all
from hubbub.notifications.actions.preferences import set_preference, set_quiet_hours
from hubbub.notifications.actions.sending import send

__all__ = ["mark", "mark_all", "send", "set_preference", "set_quiet_hours"]
