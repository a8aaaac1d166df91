"""``@action``: a function that changes the database and publishes what happened.

Actions are plain synchronous Django code::

    @action
    def rename(actor: Actor, group_id: int, name: str) -> Renamed: ...

Called from a view, a task or a shell, an action runs through this process's writer, or inline where the
caller is inside ``atomic()`` already. From a handler: ``await ctx.act(rename, ctx.actor, 7, "x")``.
"""

from collections.abc import Callable
from functools import update_wrapper
from inspect import signature
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from django.db import connections

from hubbub.django import runtime
from hubbub.django.calls import Call
from hubbub.django.conf import database_alias
from hubbub.django.transactions import run_inline
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import HubbubError

P = ParamSpec("P")
T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item


class Action(Generic[P, T]):
    """A function that changes the database; see ``action``."""

    def __init__(self, function: Callable[P, T]) -> None:
        update_wrapper(self, function)
        self.function = function
        self.item: Callable[..., Any] = tuple
        self.group: Callable[[list[Any]], list[T | HubbubError]] | None = None
        """Carries out many calls, made into items, at once."""
        parameters = list(signature(function).parameters)
        self._place = parameters.index("topic") - 1 if "topic" in parameters else None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Carry it out through the writer of this process; inline inside ``atomic()`` and where there is none."""
        call = self.bind(*args, **kwargs)
        alias = database_alias()
        current = runtime.current()
        if current is None or connections[alias].in_atomic_block:
            return run_inline(alias, call)
        return current.writer.run_sync(call, topic=call.topic)

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> Call[T]:
        """The action with its arguments, for a writer. Raises BadData for an impossible ``client_id``."""
        actor, *rest = args
        assert isinstance(actor, Actor)
        return Call(self, actor, tuple(rest), kwargs)

    def topic_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """The argument ``topic`` among those after the actor; empty where there is none."""
        given = args[self._place] if self._place is not None and self._place < len(args) else kwargs.get("topic")
        return given if isinstance(given, str) else ""

    def together(
        self, item: Callable[P, I]
    ) -> Callable[[Callable[[list[I]], list[T | HubbubError]]], Callable[[list[I]], list[T | HubbubError]]]:
        """Let a function carry out at once what waits, in as many queries as one call, each made into an item.

        ``item`` takes the action's arguments. The function returns what came of each item, in their order, a reply
        or the error that it fails with; it writes nothing for one that fails. Whatever it raises undoes them all,
        and each is tried alone.
        """

        def register(group: Callable[[list[I]], list[T | HubbubError]]) -> Callable[[list[I]], list[T | HubbubError]]:
            self.item, self.group = item, group
            return group

        return register


def action(function: Callable[Concatenate[Actor, P], T]) -> Action[Concatenate[Actor, P], T]:
    """Make a function an action; its first argument is the actor.

    Actions with the same argument ``topic`` are carried out in the order in which they were called.
    With a keyword argument ``client_id`` it happens once for each (actor, client_id): a repeat gets the
    first reply, read back as the function's return type (rules ACK-2 and ACK-3).
    """
    return Action(function)
