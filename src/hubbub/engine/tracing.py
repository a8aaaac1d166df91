"""Where spans begin and end, for a tracer that somebody has set (docs/how-to/see-inside.md).

Where none is set, which is the rule, each place costs a look at ``tracer`` and no more.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from hubbub.protocol.frames import Event
from hubbub.protocol.registry import registry


class Span(Protocol):
    """Something that takes a while."""

    def end(self, outcome: str = "", **attributes: int | str) -> None:
        """End it where it began. ``outcome``: an error's or a close code, or a word; none where all went well."""


class Tracer(Protocol):
    """From any thread; none of it raises. What it is told names nobody and holds nothing of what people write."""

    def begin(
        self,
        name: str,
        *,
        current: bool = False,
        ago: float = 0.0,
        origins: Iterable[Any] = (),
        events: Sequence[Event] = (),
        **attributes: int | str,
    ) -> Span:
        """Begin a span.

        ``current``: what is begun until its end belongs to it. ``ago``: seconds since it began. ``origins`` are what
        ``here`` has returned, and ``events`` those whose publishing led to this.
        """

    def here(self) -> Any:
        """What is current, to be an origin later."""

    def published(self, events: Sequence[Event]) -> None:
        """Durable events were committed by what is current."""

    def flush(self) -> None:
        """Send what has ended; blocks, for a few seconds at most."""


tracer: Tracer | None = None


def here() -> Any:
    """What is current, None where nobody traces."""
    return tracer.here() if tracer is not None else None


def command_name(type: str) -> str:
    """A command's name; ``unknown`` for what clients make up."""
    return type if type in registry.commands else "unknown"


def topic_kind(topic: str | None) -> str:
    """The kind of a topic, never the topic."""
    kind = (topic or "").partition(".")[0]
    return kind if kind in registry.topics else "" if not kind else "unknown"
