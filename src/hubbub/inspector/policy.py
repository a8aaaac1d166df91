"""Who may look: staff. To everybody else it is as if there were nothing to see."""

from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent, Forbidden

LIVE = "inspect.live"
"""How every process does."""
TRACES = ("inspect.u.", "inspect.g.")
"""Before a person's key: the frames of that person's connections."""


def require_staff(actor: Actor) -> Actor:
    """Raises Forbidden."""
    if not actor.is_staff:
        raise Forbidden("Only staff can do this.")
    return actor


def authorize(actor: Actor, topic: str) -> None:
    """Raises Absent."""
    if not actor.is_staff or not (topic == LIVE or topic.startswith(TRACES)):
        raise Absent
