"""``@action``: a function that changes the database and publishes what happened.

Actions are plain synchronous Django code::

    @action
    def rename(actor: Actor, group_id: int, name: str) -> Renamed: ...

Called from a view, a task or a shell, an action runs through this process's writer, or inline where the
caller is inside ``atomic()`` already. From a handler: ``await ctx.act(rename, ctx.actor, 7, "x")``.
"""

from collections.abc import Callable
from functools import partial, wraps
from inspect import signature
from typing import Concatenate, ParamSpec, TypeVar

from django.db import connections

from hubbub.django import runtime
from hubbub.django.conf import database_alias
from hubbub.django.receipts import once
from hubbub.django.transactions import run_inline
from hubbub.engine.actor import Actor

P = ParamSpec("P")
T = TypeVar("T")


def run_action(run: Callable[[], T], topic: str) -> T:
    """Run a change through the writer of this process; inline inside ``atomic()`` and where there is none."""
    alias = database_alias()
    current = runtime.current()
    if current is None or connections[alias].in_atomic_block:
        return run_inline(alias, run)
    return current.writer.run_sync(run, topic=topic)


def action(function: Callable[Concatenate[Actor, P], T]) -> Callable[Concatenate[Actor, P], T]:
    """Make a function an action; its first argument is the actor.

    Actions with the same argument ``topic`` are carried out in the order in which they were called.
    With a keyword argument ``client_id`` it happens once for each (actor, client_id): a repeat gets the
    first reply, read back as the function's return type (rules ACK-2 and ACK-3).
    """

    parameters = list(signature(function).parameters)
    place = parameters.index("topic") - 1 if "topic" in parameters else None

    def topic_of(args: tuple[object, ...], kwargs: dict[str, object]) -> str:
        given = args[place] if place is not None and place < len(args) else kwargs.get("topic")
        return given if isinstance(given, str) else ""

    @wraps(function)
    def run(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> T:
        client_id = kwargs.get("client_id")
        call = partial(function, actor, *args, **kwargs)
        topic = topic_of(args, kwargs)
        if isinstance(client_id, str) and client_id:
            return run_action(partial(once, call, actor.key, client_id), topic)
        return run_action(call, topic)

    return run
