"""The topics ``notifications.<user id>``."""

from hubbub.engine.actor import Actor, authorize_user
from hubbub.notifications import messages as wire
from hubbub.notifications import queries
from hubbub.notifications.policy import TOPIC_KIND
from hubbub.protocol.registry import TopicKind, topic_kind


def snapshot(actor: Actor, topic: str) -> wire.NotificationList:
    authorize_user(actor, topic)
    return queries.latest(actor.user_id or "")


topic_kind(
    TopicKind(
        TOPIC_KIND,
        authorize_user,
        snapshot,
        reads=False,
        key="user id",
        example="7",
        doc="A user's notifications. Only that user may follow it.",
    )
)
