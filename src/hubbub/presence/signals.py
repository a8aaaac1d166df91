"""A signal of Django's for who comes and goes (rule PRS-8)."""

import asyncio
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import connections
from django.dispatch import Signal

from hubbub.engine.engine import Engine
from hubbub.presence.messages import State, UserId
from hubbub.presence.people import People
from hubbub.presence.soon import Soon

presence_changed = Signal()
"""Somebody is ``online``, ``away`` or ``offline`` now, as others see it. Sent with ``user_id``, the primary key as it
travels, ``state`` and ``before``; the sender is the user model.

In the process that the user is connected to, in a thread, one after the other. What is over within 0.2 s is not told,
and nothing when a server stops or is killed: who counts time by it bears that a beginning has no end.
"""

SEND_SECONDS = 0.2


class Change(NamedTuple):
    """What a receiver is told."""

    user_id: UserId
    state: State
    before: State


class Signalling:
    """Sends the signal for the people of this process, where somebody wants it. On the engine's loop only."""

    def __init__(self, engine: Engine, people: People) -> None:
        self._people = people
        self._told: dict[str, tuple[UserId, State]] = {}
        """How those are who aren't offline, as it was last told by any process."""
        self._due: dict[str, bool] = {}
        """Those who have changed, and whether this process is to tell it."""
        self._soon = Soon(engine, SEND_SECONDS, self._tell, "presence signal")

    def changed(self, key: str, *, ours: bool) -> None:
        """Something about a user is not as it was; ``ours``: no other process tells it."""
        if presence_changed.receivers:
            self._due[key] = ours or self._due.get(key, False)
            self._soon()

    async def _tell(self) -> None:
        due, self._due = self._due, {}
        changes = [change for key, ours in due.items() if (change := self._change(key)) and ours]
        if changes:
            await asyncio.to_thread(_send, changes)

    def _change(self, key: str) -> Change | None:
        """What is new about a user; it counts as told from now on."""
        person = self._people.find(key)
        id, before = self._told.get(key, (person.id if person else "", "offline"))
        state: State = self._people.as_told(key, id, to_self=False).state
        if state == before:
            return None
        self._told[key] = id, state
        if state == "offline":
            del self._told[key]
        return Change(id, state, before)


def _send(changes: list[Change]) -> None:
    """In a thread: receivers may ask the database."""
    try:
        for change in changes:
            presence_changed.send_robust(get_user_model(), **change._asdict())  # Django logs what fails.
    finally:
        connections.close_all()
