"""``verify_action``: a snapshot and the events after it, applied, equal a fresh snapshot (rule CHT-10)."""

import copy
import difflib
import pprint
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from hubbub.protocol.frames import Event
from hubbub.testing.transcript import describe

T = TypeVar("T")
State = Any


class ActionMismatch(AssertionError):
    """An action changed the state in a way that its events do not tell."""


def verify_action(
    action: Callable[[], T],
    *,
    apply: Callable[[State, str, str, dict[str, Any]], State],
    topic: str = "",
    actor: Any = None,
    fetch: Callable[[], State] | None = None,
    events: Callable[[], list[Event]] | None = None,
    changes: bool = True,
) -> T:
    """Run ``action`` and check that its events tell all that it changed. Returns what the action returns.

    ``apply(state, topic, type, data)`` is the client's reducer: it returns the state after an event.
    ``topic`` is what the client follows, ``actor`` (an Actor or a Django user) who it is: the state is then the
    topic's snapshot as plain JSON, and the events are those of the topic. Where a client puts its state together
    from elsewhere, ``fetch()`` reads that afresh, and ``events()`` returns what was published since its last call.
    With ``changes=False`` nothing may change and no event may come. Raises ActionMismatch.
    """
    fetch = fetch or _snapshot_of(topic, actor)
    events = events or _log_of(topic)
    events()
    before = fetch()
    result = action()
    happened = events()
    predicted = copy.deepcopy(before)
    for each in happened:
        predicted = apply(predicted, each.topic, each.type, each.payload())
        if predicted is None and before is not None:
            raise ActionMismatch(f"The reducer returned nothing for {each.type}: let it return the state after it.")
    after = fetch()
    told = ", ".join(each.type for each in happened) or "no event"
    if predicted != after:
        raise ActionMismatch(_explain(predicted, after, happened))
    if changes and after == before:
        raise ActionMismatch(f"Nothing changed ({told}); say changes=False if that is right.")
    if not changes and happened:
        raise ActionMismatch(f"Nothing was to happen, but there was {told}.")
    return result


def _snapshot_of(topic: str, actor: Any) -> Callable[[], State]:
    """Reads the topic's snapshot for an actor. Raises TypeError where the kind of topic has none."""
    from hubbub.engine.subscription import topic_kind_of
    from hubbub.testing.people import actor_for

    if not topic:
        raise TypeError("Say which topic=, whose snapshot is the state, or how to fetch= it.")
    kind = topic_kind_of(topic)
    if kind.snapshot is None:
        raise TypeError(f"Topics {kind.name!r} have no snapshot: say how to fetch= the state.")
    read, who = kind.snapshot, actor_for(actor)
    return lambda: msgspec.to_builtins(read(who, topic))


def _log_of(topic: str) -> Callable[[], list[Event]]:
    """Reads what was added to the log: of one topic, or of all that clients can follow."""
    from hubbub.django.conf import database_alias
    from hubbub.engine.control import CONTROL_TOPIC
    from hubbub.testing.inline import TestTail

    log = TestTail(database_alias())
    log.begin()
    return lambda: [each for each in log.read() if (each.topic == topic if topic else each.topic != CONTROL_TOPIC)]


def _explain(predicted: State, after: State, happened: list[Event]) -> str:
    listed = "".join(
        f"\n  {describe({'type': each.type, 'topic': each.topic, 'offset': each.offset, 'data': each.payload()})}"
        for each in happened
    )
    told = f"The events of the action:{listed}" if happened else "The action published no event."
    lines = difflib.unified_diff(
        _lines(predicted), _lines(after), "what a client would see", "what the database says", lineterm="", n=2
    )
    return "\n".join(["The events don't tell all that the action changed.", told, *lines])


def _lines(state: State) -> list[str]:
    try:
        plain = msgspec.to_builtins(state, enc_hook=repr)
    except TypeError:
        plain = state
    return pprint.pformat(plain, width=100, sort_dicts=True).splitlines()
