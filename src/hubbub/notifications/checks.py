"""System checks of notifications."""

from hubbub.notifications.digests import checks as digests
from hubbub.notifications.push import checks as push

__all__ = ["digests", "push"]
