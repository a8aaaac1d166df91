"""``verify_action``: a snapshot and the events after it, applied, equal a fresh snapshot (rule CHT-10)."""

from collections.abc import Callable
from typing import Any, TypeVar

from hubbub.protocol.frames import Event

T = TypeVar("T")
State = TypeVar("State")


class ActionMismatch(AssertionError):
    """An action changed the state in a way that its events do not tell."""


def verify_action(
    action: Callable[[], T],
    *,
    fetch: Callable[[], State],
    apply: Callable[[State, str, str, dict[str, Any]], State],
    events: Callable[[], list[Event]],
    changes: bool = True,
) -> T:
    """Run ``action`` and check that its events tell all that it changed. Returns what the action returns.

    ``fetch()`` reads the state afresh. ``apply(state, topic, type, data)`` returns the state after an event.
    ``events()`` returns the events published since it was called last. With ``changes=False`` nothing may
    change and no event may come. Raises ActionMismatch.
    """
    events()
    before = fetch()
    result = action()
    happened = events()
    predicted = before
    for each in happened:
        predicted = apply(predicted, each.topic, each.type, each.payload())
    after = fetch()
    told = ", ".join(each.type for each in happened) or "no event"
    if predicted != after:
        raise ActionMismatch(f"After {told} a client would see\n  {predicted}\nbut the database says\n  {after}")
    if changes and after == before:
        raise ActionMismatch(f"Nothing changed ({told}); say changes=False if that is right.")
    if not changes and happened:
        raise ActionMismatch(f"Nothing was to happen, but there was {told}.")
    return result
