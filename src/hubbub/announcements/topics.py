"""The topic ``announcements.<user id>``: what a user has seen, on all of that user's devices."""

from hubbub.announcements.policy import TOPIC_KIND, user_topic
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent
from hubbub.protocol.registry import TopicKind, topic_kind


def authorize(actor: Actor, topic: str) -> None:
    """A user's own topic is nobody else's. Raises Absent."""
    if actor.user_id is None or topic != user_topic(actor.user_id):
        raise Absent


topic_kind(
    TopicKind(
        TOPIC_KIND,
        authorize,
        reads=False,
        key="user id",
        example="7",
        doc="What a user has seen and acknowledged, and which audiences the user comes into. Only that user may "
        "follow it.",
    )
)
