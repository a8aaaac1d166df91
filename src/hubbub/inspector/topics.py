"""The topics of the inspector: ``inspect.live``, and ``inspect.<a person's key>`` for that person's trace."""

import logging

from hubbub.engine.logs import about
from hubbub.engine.session import Session
from hubbub.engine.subscription import Subscription
from hubbub.inspector.policy import LIVE, TRACES, authorize
from hubbub.inspector.sockets import STATS, tell_stats
from hubbub.inspector.watch import watch_of
from hubbub.protocol.registry import TopicKind, topic_kind

logger = logging.getLogger("hubbub.inspector")


def joined(session: Session, subscription: Subscription) -> None:
    """Begin to measure."""
    topic = subscription.topic
    if topic == STATS:
        tell_stats(session, subscription)
        return
    if topic.startswith(TRACES):
        logger.warning("%r follows the frames of %s.", session.actor.username, topic, extra=about(session))
    watch_of(session.engine).joined(topic)


topic_kind(
    TopicKind(
        "inspect",
        authorize,
        joined=joined,
        reads=False,
        key="what",
        example=LIVE.partition(".")[2],
        doc="How the server does (`live`), or the frames of one person's connections (`u.<user id>`), for five "
        "minutes. Only staff may follow it.",
    )
)
