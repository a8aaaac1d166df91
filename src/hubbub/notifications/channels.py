"""The channels by which notifications reach people, beside the list and its page: push, e-mail, a project's own.

``@channel("push")`` registers what is called for each notification that a user wants by that channel. It is called in
the background, after the commit, and never in the transaction of whoever notifies.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hubbub.django.notifying import CHANNELS
from hubbub.notifications import messages as wire


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification to be brought to its user by a channel."""

    user_id: int | str
    notification: wire.Notification
    unread: int


Deliver = Callable[[Delivery], None]
channels: dict[str, Deliver] = {}


def channel(name: str) -> Callable[[Deliver], Deliver]:
    """Register the function that brings notifications by the channel ``name``.

    It is called once for each notification, in a transaction: let it put a task on the queue (``.enqueue(…)``) and
    return, since the next notification waits for it.
    """

    def register(deliver: Deliver) -> Deliver:
        channels[name] = deliver
        return deliver

    return register


def channel_names() -> list[str]:
    """All channels that a user can have a preference for."""
    return list(dict.fromkeys([*CHANNELS, *channels]))
