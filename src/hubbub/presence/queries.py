"""Presence for the server's own code."""

from collections.abc import Iterable

from hubbub.django import runtime
from hubbub.django.contacts import UserId, user_ids
from hubbub.engine.actor import user_key
from hubbub.presence.messages import Presence
from hubbub.presence.roll import Roll


def presence_of(users: Iterable[UserId]) -> dict[UserId, Presence]:
    """How these users are, by their primary keys, as others see them: whom to show it is the caller's to decide.

    From any thread of a process that serves sockets, without a query. Raises RuntimeError elsewhere: nobody tells a
    shell or a worker who is online.
    """
    running = runtime.current()
    if running is None:
        raise RuntimeError("This process serves no sockets, so it does not know who is online.")
    people = running.engine.parts.of(Roll).people
    return {id: people.as_told(user_key(id), id, to_self=False) for id in user_ids(users)}
