"""Events to hear, and listeners that hear them."""

from collections.abc import Callable
from typing import Any

import msgspec

from hubbub.django import hearing, publish
from hubbub.django.listeners import Happened, Listener, listeners, on_event
from hubbub.protocol.registry import event
from tests.contracts.databases import ALIAS


@event("contract.heard")
class Heard(msgspec.Struct):
    n: int


@event("contract.unheard")
class Unheard(msgspec.Struct):
    n: int


def say(n: int, topic: str = "contract.1") -> None:
    publish.publish(topic, Heard(n), author="user.7")


def add(hear: Callable[[Happened], Any], **options: Any) -> Listener:
    """A listener whose place is the end of the log."""
    on_event(Heard, name=f"listener-{len(listeners)}", **options)(hear)
    listener = list(listeners.values())[-1]
    hearing.begin(listener, ALIAS)
    return listener


def turns(listener: Listener) -> None:
    """Let it hear all that there is."""
    while hearing.turn(listener, ALIAS) == 0.0:
        pass
