"""The topic of a user's jobs: ``progress.<user id>``."""

from hubbub.engine.actor import Actor, authorize_user
from hubbub.progress import queries
from hubbub.progress.messages import RunningJobs
from hubbub.progress.policy import KIND
from hubbub.protocol.registry import TopicKind, topic_kind


def snapshot(actor: Actor, topic: str) -> RunningJobs:
    return queries.running(actor)


topic_kind(
    TopicKind(
        KIND,
        authorize_user,
        snapshot,
        reads=False,
        key="user id",
        example="7",
        doc="How far one's background jobs are. Only that user may follow it.",
    )
)
