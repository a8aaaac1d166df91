"""Everything that changes announcements. The only place that writes and publishes."""

from hubbub.announcements.actions.announcing import announce, begin_due, change, withdraw
from hubbub.announcements.actions.pruning import prune_past
from hubbub.announcements.actions.reading import acknowledge, see

__all__ = ["acknowledge", "announce", "begin_due", "change", "prune_past", "see", "withdraw"]
