"""What can be set of the engine."""

from dataclasses import dataclass, field

from hubbub.engine.limits import Rate


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Bounds and intervals; the Django settings of the same names fill them."""

    guests: bool = False
    """Whether somebody who has not signed in may connect."""
    heartbeat: float = 30.0
    """Seconds between pings."""
    max_frame_bytes: int = 65_536
    max_subscriptions: int = 100
    """Topics that one session may subscribe to by itself."""
    max_pending: int = 64
    """Commands that may wait in one topic's lane."""
    max_pending_session: int = 256
    """Commands that may wait in one session."""
    outbox_bytes: int = 1_000_000
    resume_limit: int = 500
    """Events that a subscription resumes with at most; past it the client is reset."""
    recent_bytes: int = 32_000_000
    """What the recent events of all topics may weigh in memory, about; 0 keeps none."""
    frame_rate: Rate = field(default_factory=lambda: Rate(200, 2.0))
    """Frames of one session; a client that goes on past it is closed."""
    sockets_per_user: int = 50
    sockets_per_address: int = 500
    drain_seconds: float = 10.0
    """Over how long all sessions are closed when the process stops, at most."""
    drain_rate: int = 500
    """Sessions that are closed in a second then, unless that would take longer."""
