"""``@on_event``: functions that are called with what has happened, after it was committed (rules LSN-1 to LSN-5)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from inspect import iscoroutinefunction
from typing import Any, TypeVar

import msgspec

from hubbub.protocol.registry import registry

TRIES = 8
"""How often a listener is called with an event before that is skipped; about two minutes go by until then."""
MOST_NAME = 200
"""Characters in a listener's name."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A durable event, as a listener hears it."""

    id: int
    """Its number in the whole log, unique."""
    topic: str
    offset: int
    """Its place in the topic's stream, from 1."""
    type: str
    data: Any
    """The struct that was published; a dict where no installed app has an event of this type."""
    author: str
    """The author's ``Actor.key``; empty where there is none."""
    created_at: datetime


Hear = Callable[[Any], object]
"""Called with a ``Happened``, or with several."""
H = TypeVar("H", bound=Hear)


@dataclass(frozen=True, slots=True)
class Listener:
    """A function and the types of events that it hears; ``name`` is the one of its place in the database."""

    name: str
    hear: Hear
    types: tuple[str, ...]
    tries: int
    together: bool = False
    """Whether it is called with all that came, as a list."""


listeners: dict[str, Listener] = {}
"""All of this process, by name."""

_wakers: list[Callable[[Collection[str]], None]] = []


def on_event(
    *events: type[msgspec.Struct] | str, name: str = "", tries: int = TRIES, together: bool = False
) -> Callable[[H], H]:
    """Let a function hear durable events, in the background: ``serve`` and ``hubbub worker`` call it.

    ``events`` are classes decorated with ``@event``, or names ("chat.message_sent") of those of another feature. The
    function is called with a ``Happened`` in the order of the log, in a transaction that also moves the listener's
    place: what it writes to that database happens once for each event, all else at least once (rule LSN-1). It ought
    to be quick; for what takes long, let it enqueue a task. What it raises is logged, and it is called again after a
    pause; after ``tries`` times the event is skipped (rule LSN-3).

    With ``together`` it is called with a list of events, all that wait up to a hundred, so that it can ask and write
    for many at once. Where that fails, each is tried alone, in a list of one.

    A new listener begins at the end of the log. Its place is kept under ``name``; by default, the function's module
    and name: give it the old one where you move the function.

    Raises TypeError for a class that is no durable event and for a coroutine function, ValueError for a name that is
    taken, too long, or where there are no events.
    """
    types = tuple(dict.fromkeys(_type_of(each) for each in events))
    if not types:
        raise ValueError("Say which events to hear: @on_event(MessageSent), or @on_event('chat.message_sent').")

    def register(function: H) -> H:
        if iscoroutinefunction(function):
            raise TypeError(f"{function.__qualname__} is a coroutine function; a listener is called in a thread.")
        called = name or f"{function.__module__}.{function.__qualname__}"
        if len(called) > MOST_NAME:
            raise ValueError(f"A listener's name has at most {MOST_NAME} characters: give {called!r} a shorter one.")
        if called in listeners and listeners[called].hear.__qualname__ != function.__qualname__:
            raise ValueError(f"A listener {called!r} is registered already.")
        listeners[called] = Listener(called, function, types, tries, together)
        return function

    return register


def _type_of(event: type[msgspec.Struct] | str) -> str:
    if isinstance(event, str):
        known = registry.events.get(event)
    else:
        known = registry.events.get(registry.event_names.get(event, ""))
        if known is None:
            raise TypeError(f"{event.__name__} is not an event: decorate the class with @event('app.happened').")
    if known is not None and not known.durable:
        raise TypeError(f"{known.name} is ephemeral: it stands in no log, so no listener can hear it.")
    return known.name if known is not None else str(event)


def decoded(type: str, data: str) -> Any:
    """What an event says: the struct of its type, a dict where that is not installed. Raises msgspec's errors."""
    known = registry.events.get(type)
    return msgspec.json.decode(data, type=known.data if known else Any)


def news(types: Collection[str]) -> None:
    """Events of these types were committed: wake whoever listens in this process. From any thread, never raises."""
    for wake in _wakers:
        wake(types)


def add_waker(wake: Callable[[Collection[str]], None]) -> None:
    """Let a function be called, from any thread, with the types of what was committed."""
    _wakers.append(wake)


def remove_waker(wake: Callable[[Collection[str]], None]) -> None:
    """Let it be called no more."""
    if wake in _wakers:
        _wakers.remove(wake)
