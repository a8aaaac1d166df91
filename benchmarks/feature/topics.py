from hubbub.engine.actor import Actor
from hubbub.protocol.registry import TopicKind, topic_kind


def authorize(actor: Actor, topic: str) -> None:
    """Anybody may follow any room."""


topic_kind(TopicKind("bench", authorize, reads=False))
