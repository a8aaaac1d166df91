"""What features keep beside an engine: something in memory about all of its sessions, one for each engine."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from hubbub.engine.engine import Engine
    from hubbub.engine.session import Session

logger = logging.getLogger("hubbub.engine")


class Part(Protocol):
    """Called on the event loop; must not wait."""

    def began(self, session: "Session") -> None:
        """A client was let in."""
        ...

    def ended(self, session: "Session") -> None:
        """The connection is gone; it may have been so before the client was let in."""
        ...

    def sweep(self) -> None:
        """Another second has passed."""
        ...


P = TypeVar("P", bound=Part)

_makers: list[Callable[["Engine"], Part]] = []


def engine_part(make: type[P]) -> type[P]:
    """Have every engine make one of the decorated class as it starts; ``engine.parts.of(cls)`` finds it."""
    if make not in _makers:
        _makers.append(cast("Callable[[Engine], Part]", make))
    return make


class Parts:
    """The parts of one engine. What one of them raises harms neither the others nor the session."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._parts: dict[object, Part] = {}

    def start(self) -> None:
        for make in _makers:
            self._parts[make] = make(self._engine)

    def of(self, make: type[P]) -> P:
        """The engine's own. Raises LookupError where the engine has not started."""
        return cast(P, self._parts[make])

    def began(self, session: "Session") -> None:
        for part in self._parts.values():
            try:
                part.began(session)
            except Exception:
                logger.exception("%s could not take in session %s", type(part).__name__, session.id)

    def ended(self, session: "Session") -> None:
        for part in self._parts.values():
            try:
                part.ended(session)
            except Exception:
                logger.exception("%s could not let go of session %s", type(part).__name__, session.id)

    def sweep(self) -> None:
        for part in self._parts.values():
            try:
                part.sweep()
            except Exception:
                logger.exception("%s could not be swept", type(part).__name__)
