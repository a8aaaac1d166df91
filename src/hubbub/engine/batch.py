"""Events of one topic that go out together: encoded, framed and joined once for all who get them (rule EVT-1)."""

import logging
import math
from collections.abc import Callable
from typing import Any

from hubbub.protocol.dialect import Dialect
from hubbub.protocol.frames import Event

logger = logging.getLogger("hubbub.hub")


class Batch:
    """The events of one topic in one turn of the loop, in order."""

    __slots__ = ("_payloads", "events", "first", "skips")

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.first: float = next((event.offset for event in events if event.offset is not None), math.inf)
        """The lowest offset; infinite where all are ephemeral."""
        self.skips = frozenset(event.skip for event in events if event.skip)
        """Session ids and actors' keys that don't get all of it."""
        self._payloads: dict[Any, dict[Any, bytes]] = {}

    def payload(self, dialect: Dialect, frame: Callable[[bytes], bytes]) -> bytes:
        """All frames of a dialect, joined; empty where it says nothing of these events.

        Made once for each dialect and ``frame``, which encodes a text as some connections read it.
        """
        try:
            return self._payloads[frame][dialect]
        except KeyError:
            texts = (text_of(event, dialect) for event in self.events)
            payload = b"".join(frame(text) for text in texts if text is not None)
            self._payloads.setdefault(frame, {})[dialect] = payload
            return payload

    def without(self, offset: float, *readers: str) -> "Batch":
        """What somebody gets who has everything up to ``offset``, and whom events may name to be skipped."""
        return Batch(
            [
                event
                for event in self.events
                if (event.offset is None or event.offset > offset) and not (event.skip and event.skip in readers)
            ]
        )


def text_of(event: Event, dialect: Dialect) -> bytes | None:
    """An event as a dialect writes it, encoded at most once; None where it says nothing of it, or fails to."""
    try:
        return event.encoded[dialect]
    except KeyError:
        pass
    text = None
    try:
        text = dialect.event(event)
    except Exception:  # The others of its batch go out all the same.
        logger.exception("%s of %s, offset %s, could not be written", event.type, event.topic, event.offset)
    event.encoded[dialect] = text
    return text
