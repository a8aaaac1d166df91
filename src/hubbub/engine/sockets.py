"""Which sockets there are: a feature says on which URL it speaks which dialect about what."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hubbub.engine.actor import Actor
from hubbub.engine.following import All
from hubbub.engine.subscription import Authorize
from hubbub.protocol.dialect import V1_DIALECT, Dialect
from hubbub.protocol.errors import NotAuthenticated

if TYPE_CHECKING:
    from hubbub.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Binding:
    """What a new socket speaks, and the topics that it follows from the start."""

    dialect: Dialect
    topics: list[str]
    snapshot: bool = False
    authorize: Authorize | None = None
    """Who may follow the topics, in place of their own rule, where the socket lets in fewer. May block."""
    all: All | None = None
    """All topics of a kind that are followed as well, for as long as the user may."""


Bind = Callable[["Engine", Actor, dict[str, str]], Awaitable[Binding]]
"""Called with the URL's named groups. Raises NotAuthenticated (4001) or Forbidden (4003)."""


@dataclass(frozen=True, slots=True)
class SocketRoute:
    """``pattern`` is a regular expression below the socket prefix, matched from its start to its end."""

    pattern: str
    bind: Bind
    subprotocol: str
    """Selected where a client offers it, else the first that it offers."""


routes: list[SocketRoute] = []
"""All routes, in the order of their registration; the first that matches is taken."""


def socket(pattern: str, *, subprotocol: str = "chat") -> Callable[[Bind], Bind]:
    """Register the decorated coroutine function for sockets whose path matches ``pattern``."""

    def register(bind: Bind) -> Bind:
        if all(route.pattern != pattern for route in routes):
            routes.append(SocketRoute(pattern, bind, subprotocol))
        return bind

    return register


@socket(r"", subprotocol="hubbub.v1")
async def full_protocol(engine: "Engine", actor: Actor, params: dict[str, str]) -> Binding:
    """``hubbub.v1``: the client names its topics itself."""
    if actor.is_guest and not engine.settings.guests:
        raise NotAuthenticated
    return Binding(V1_DIALECT, [])
