"""Whether what a client has missed can be brought back: all of it, or a reset (rule SUB-2)."""

from hubbub.engine.ports import StreamState
from hubbub.engine.settings import EngineSettings
from hubbub.protocol.frames import Event, Position


class Budget:
    """What one reply may bring back: events, and bytes of them, since all of it has to fit into the outbox."""

    def __init__(self, settings: EngineSettings) -> None:
        self.events = settings.resume_limit
        self.bytes = settings.outbox_bytes // 2

    def take(self, events: list[Event]) -> bool:
        """Whether these fit; if so, they are taken off."""
        size = sum(len(event.raw) for event in events)
        if len(events) > self.events or size > self.bytes:
            return False
        self.events -= len(events)
        self.bytes -= size
        return True


def why_reset(state: StreamState, since: Position, most: int) -> str | None:
    """Why what happened after ``since``, ``most`` events of it, cannot be brought back; None where it can."""
    if since.epoch != state.epoch or since.offset > state.top:
        return "epoch"
    if since.offset + 1 < state.first:
        return "too_old"
    return "too_far" if state.top - since.offset > most else None
