"""Who may follow ``poll.<name>``, and what a new follower is shown."""

from hubbub import Actor, TopicKind, topic_kind
from hubbub.protocol.topics import key_of
from tests.poll.feature import messages as wire
from tests.poll.feature.actions import check_access, tally


def snapshot(actor: Actor, topic: str) -> wire.Tally:
    return tally(key_of(topic))


topic_kind(TopicKind("poll", check_access, snapshot))
