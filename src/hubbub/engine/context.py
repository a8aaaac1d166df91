"""What a handler gets beside the command's data."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import msgspec

from hubbub.engine.actor import Actor
from hubbub.engine.ports import Action
from hubbub.protocol.errors import NotSubscribed
from hubbub.protocol.frames import Inbound
from hubbub.protocol.registry import CommandType

if TYPE_CHECKING:
    from hubbub.engine.session import Session
    from hubbub.engine.subscription import Subscription

P = ParamSpec("P")
T = TypeVar("T")

NO_REPLY: Final = object()
"""Returned by a handler that has replied by itself."""


class Context:
    """One command being carried out: who asks, where, and the ways to the database."""

    __slots__ = ("command", "inbound", "session")

    def __init__(self, session: "Session", command: CommandType, inbound: Inbound) -> None:
        self.session = session
        self.command = command
        self.inbound = inbound

    @property
    def actor(self) -> Actor:
        return self.session.actor

    @property
    def topic(self) -> str:
        """The topic of the envelope, or the one that the socket is bound to; empty where there is none."""
        return self.inbound.topic or ""

    @property
    def subscription(self) -> "Subscription":
        """The session's subscription to the topic. Raises NotSubscribed, so it also proves access."""
        found = self.session.subscriptions.get(self.topic)
        if found is None or found.buffer is not None:
            raise NotSubscribed
        return found

    async def act(self, action: Action[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an action in the writer; returns once it is committed. Raises what it raises, and Busy."""
        return await self.session.engine.writer.run(action.bind(*args, **kwargs), topic=self.topic)

    async def read(self, query: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query where it may block, in one read transaction."""
        return await self.session.engine.reader.run(partial(query, *args, **kwargs))

    def publish_ephemeral(self, event: msgspec.Struct, *, skip: str = "", key: str = "") -> None:
        """Show an event to whoever follows the topic now; see ``hubbub.publish_ephemeral``."""
        self.session.engine.publish_ephemeral(self.topic, event, author=self.actor.key, skip=skip, key=key)

    def reply(self, ok: Any) -> object:
        """Reply now, before the handler goes on; return what this returns."""
        self.session.put(self.session.dialect.reply(self.inbound, ok))
        return NO_REPLY
