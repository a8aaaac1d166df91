"""Who may see a job: the user that it is done for, and nobody else."""

from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent

KIND = "progress"


def topic_of(user_id: int | str) -> str:
    """The topic of a user's jobs."""
    return f"{KIND}.{user_id}"


def authorize(actor: Actor, topic: str) -> None:
    """Raises Absent for anybody else's topic."""
    if actor.user_id is None or topic != topic_of(actor.user_id):
        raise Absent
