"""The topic of presence. Nobody subscribes to it: ``presence.watch`` says whom one looks at."""

from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent
from hubbub.protocol.registry import TopicKind, topic_kind

TOPIC = "presence"
"""Under which a session is shown what has changed of those whom it looks at."""
PROCESSES = "presence.processes"
"""Where the server's processes tell each other who is here."""


def refuse(actor: Actor, topic: str) -> None:
    """Raises Absent."""
    raise Absent


topic_kind(
    TopicKind(
        TOPIC,
        refuse,
        reads=False,
        key="",
        example="",
        doc="Who is online, of those whom one looks at. It is followed by `presence.watch`, not by `subscribe`.",
    )
)
