"""Who comes into an audience and who goes: told in the transaction of the change, live sockets act on it (AUD-2)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hubbub.django.audiences import Audience
from hubbub.django.publish import Publication, publish_all
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.actor import user_key
from hubbub.engine.control import CONTROL_TOPIC, AccessGranted, AccessRevoked, TopicClosed
from hubbub.protocol.frames import Position


class Membership(NamedTuple):
    """A user in an audience."""

    audience: Audience
    user_id: Any
    """The primary key."""


@dataclass(frozen=True, slots=True)
class MembershipListener:
    """What a feature has to tell the people concerned. Each returns events, which are published with the others.

    All are called inside the transaction of the change, and block.
    """

    joined: Callable[[Sequence[Membership], dict[str, Position]], list[Publication]]
    """Called with where the topics of the audiences stand: what follows there, live sockets get."""
    left: Callable[[Sequence[Membership]], list[Publication]]
    ended: Callable[[Audience], list[Publication]]
    """There is no such audience any more. What it publishes on the audience's topic, its members still get."""


_listeners: list[MembershipListener] = []


def listen_to_membership(listener: MembershipListener) -> MembershipListener:
    """Have a feature asked what it has to tell whenever somebody joins or leaves an audience."""
    _listeners.append(listener)
    return listener


def tell(*, joined: Collection[Membership] = (), left: Collection[Membership] = (), reason: str = "removed") -> None:
    """Say who is in an audience from now on, and who not any more: an event on the control topic for each.

    Call it in the transaction of the change. Their live sockets follow the audience's topic, or leave it, within a
    second. ``reason`` is what those who leave are told: ``removed``, ``left``, ``moved``, …
    """
    publish_all(events_of_change(joined=joined, left=left, reason=reason))


def tell_ended(audience: Audience, reason: str = "ended") -> None:
    """Say that there is no such audience any more: one event, however many were in it."""
    publish_all(events_of_end(audience, reason))


def events_of_change(
    *, joined: Collection[Membership] = (), left: Collection[Membership] = (), reason: str = "removed"
) -> list[Publication]:
    """What ``tell`` publishes. Who has more to publish does it together: streams are locked in one order then."""
    publications: list[Publication] = []
    if joined := sorted(set(joined), key=_order):
        positions = _positions({each.audience.topic for each in joined})
        for listener in _listeners:
            publications += listener.joined(joined, positions)
        for audience, user_id in joined:
            granted = AccessGranted(user_key(user_id), audience.topic, positions[audience.topic])
            publications.append(Publication(CONTROL_TOPIC, granted))
    if left := sorted(set(left), key=_order):
        for listener in _listeners:
            publications += listener.left(left)
        publications += [
            Publication(CONTROL_TOPIC, AccessRevoked(user_key(user_id), audience.topic, reason))
            for audience, user_id in left
        ]
    return publications


def events_of_end(audience: Audience, reason: str = "ended") -> list[Publication]:
    """What ``tell_ended`` publishes."""
    told = [each for listener in _listeners for each in listener.ended(audience)]
    return [*told, Publication(CONTROL_TOPIC, TopicClosed(audience.topic, reason))]


def _order(membership: Membership) -> tuple[str, str]:
    return membership.audience.key, str(membership.user_id)


def _positions(topics: Collection[str]) -> dict[str, Position]:
    states = DjangoStreamStore().states(sorted(topics))
    return {topic: Position(state.epoch, state.top) for topic, state in states.items()}
