"""Who may: everybody one's own notifications, and nobody else's (rule NTF-1)."""

from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent, NotAuthenticated

TOPIC_KIND = "notifications"


def topic_of(user_id: int | str) -> str:
    return f"{TOPIC_KIND}.{user_id}"


def require_user(actor: Actor) -> int | str:
    """The id of the user who asks. Raises NotAuthenticated for a guest."""
    if actor.user_id is None:
        raise NotAuthenticated
    return actor.user_id


def authorize(actor: Actor, topic: str) -> None:
    """Raises Absent for anybody's topic but one's own."""
    if actor.user_id is None or topic != topic_of(actor.user_id):
        raise Absent
