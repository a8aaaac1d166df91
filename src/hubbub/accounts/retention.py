"""What accounts do beside the requests: forget what is old, and note which sign-ins are in use."""

from collections.abc import Callable
from functools import partial

from hubbub.accounts import actions
from hubbub.django import retention
from hubbub.engine.actor import SYSTEM
from hubbub.engine.engine import Engine

SEEN_EVERY = 600.0
"""Seconds between two notes that a sign-in is in use: no request writes for it."""

AT_ONCE = 500


class Seen:
    """Notes the sign-ins of this process's open sockets every ``SEEN_EVERY``, ``AT_ONCE`` at most each time."""

    def __init__(self) -> None:
        self._due: list[str] = []
        self._next = 0.0

    def __call__(self, engine: Engine) -> Callable[[], object] | None:
        now = engine.clock.monotonic()
        if not self._due and now >= self._next:
            self._due = list({session.actor.login for session in engine.sessions.all()} - {""})
            self._next = now + SEEN_EVERY
        batch, self._due = self._due[:AT_ONCE], self._due[AT_ONCE:]
        return partial(actions.note_use, SYSTEM, batch) if batch else None


retention.keep_house("sign-ins in use", Seen())
retention.recur("expired sign-ins", retention.HOUR, partial(actions.end_expired, SYSTEM))
retention.register_pruner("spent tokens", partial(actions.prune_tokens, SYSTEM))
retention.register_pruner("sign-ins", partial(actions.prune_logins, SYSTEM))
