"""Notifications: what concerns one user, kept until it is read and longer. ``hubbub.notify`` makes them.

Here stands what else a project calls: ``notification_kind``, ``withdraw``, ``schedule`` and ``unschedule`` with
their twins for async code, and ``channel`` for a channel of its own. See ``docs/how-to/notifications.md``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hubbub.django.notifying import notification_kind
    from hubbub.notifications.channels import Delivery, channel
    from hubbub.notifications.ways import aschedule, aunschedule, awithdraw, schedule, unschedule, withdraw

_HOME = {
    "Delivery": "hubbub.notifications.channels",
    "aschedule": "hubbub.notifications.ways",
    "aunschedule": "hubbub.notifications.ways",
    "awithdraw": "hubbub.notifications.ways",
    "channel": "hubbub.notifications.channels",
    "notification_kind": "hubbub.django.notifying",
    "schedule": "hubbub.notifications.ways",
    "unschedule": "hubbub.notifications.ways",
    "withdraw": "hubbub.notifications.ways",
}

__all__ = [
    "Delivery",
    "aschedule",
    "aunschedule",
    "awithdraw",
    "channel",
    "notification_kind",
    "schedule",
    "unschedule",
    "withdraw",
]


def __getattr__(name: str) -> Any:
    # Lazy: Django imports this before there can be models.
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'hubbub.notifications' has no attribute {name!r}")
