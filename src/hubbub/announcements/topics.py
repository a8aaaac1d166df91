"""The topic ``announcements.<user id>``: what a user has seen, on all of that user's devices."""

from hubbub.announcements.policy import TOPIC_KIND
from hubbub.engine.actor import authorize_user
from hubbub.protocol.registry import TopicKind, topic_kind

topic_kind(
    TopicKind(
        TOPIC_KIND,
        authorize_user,
        reads=False,
        key="user id",
        example="7",
        doc="What a user has seen and acknowledged, and which audiences the user comes into. Only that user may "
        "follow it.",
    )
)
