"""Staff and others, on an engine in memory."""

from typing import Any

import pytest

from hubbub.engine.actor import Actor, user_key
from hubbub.protocol.registry import TopicKind, topic_kind
from hubbub.testing import FakeConnection, MemoryEngine

topic_kind(TopicKind("look", lambda actor, topic: None, reads=False))


@pytest.fixture
def keeper() -> Actor:
    return Actor(key=user_key("keeper"), user_id="keeper", username="keeper", is_staff=True)


async def tick(engine: MemoryEngine) -> None:
    await engine.clock.advance(1.0)


def told(connection: FakeConnection, type: str) -> list[dict[str, Any]]:
    """What events of a type said, the oldest first."""
    return [frame["data"] for frame in connection.frames if frame.get("type") == type]
