"""The channels by which notifications reach people, beside the list and its page: push, e-mail, a project's own.

``@channel("push")`` registers what is called for notifications that users want by that channel. It is called in the
background, after the commit, and never in the transaction of whoever notifies.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hubbub.django.notifying import CHANNELS
from hubbub.notifications import messages as wire


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification to be brought to its user by a channel."""

    user_id: int | str
    notification: wire.Notification
    unread: int


@dataclass(frozen=True, slots=True)
class Channel:
    """What brings notifications, and how it is called; see ``channel``."""

    deliver: Callable[..., None]
    together: bool
    in_quiet_hours: bool

    def bring(self, deliveries: Sequence[Delivery]) -> None:
        """Bring these to their users. Raises what it raises."""
        if self.together:
            self.deliver(deliveries)
            return
        for each in deliveries:
            self.deliver(each)


D = TypeVar("D", bound=Callable[..., Any])
channels: dict[str, Channel] = {}


def channel(name: str, *, together: bool = False, in_quiet_hours: bool = False) -> Callable[[D], D]:
    """Register the function that brings notifications by the channel ``name``.

    It is called with a ``Delivery`` for each notification, in a transaction: let it put a task on the queue
    (``.enqueue(…)``) and return, since the next notification waits for it. With ``together`` it is called with a list,
    of a hundred at most, so that it can ask and write for many users at once.

    What comes in a user's quiet hours is not brought, nor made up for, unless its level is ``danger`` (rule NTF-5).
    With ``in_quiet_hours`` it is called all the same, and sees to these hours when it sends.
    """

    def register(deliver: D) -> D:
        channels[name] = Channel(deliver, together, in_quiet_hours)
        return deliver

    return register


def channel_names() -> list[str]:
    """All channels that a user can have a preference for."""
    return list(dict.fromkeys([*CHANNELS, *channels]))
