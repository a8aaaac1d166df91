"""Topics whose events are remembered, members who may lose their access, and how they come back."""

import msgspec

from hubbub.protocol.errors import Absent
from hubbub.protocol.registry import TopicKind, event, topic_kind
from hubbub.testing import FakeConnection, MemoryEngine


@event("test.told")
class Told(msgspec.Struct):
    n: int
    text: str = ""


class Members:
    """Who may follow the topics ``club.*``, and how often that was asked."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.banned: set[tuple[str, str]] = set()
        self.asked = 0

    def authorize(self, actor, topic):
        self.asked += 1
        if (actor.key, topic) in self.banned:
            raise Absent
        return f"{actor.key} in {topic}"


members = Members()
topic_kind(TopicKind("club", lambda actor, topic: members.authorize(actor, topic), revokes=True))
topic_kind(TopicKind("open", lambda actor, topic: "anybody", reads=False))
topic_kind(TopicKind("strict", lambda actor, topic: members.authorize(actor, topic)))


class Reads:
    """Counts what the engine asks the database."""

    def __init__(self, engine: MemoryEngine) -> None:
        self.count = 0
        read = engine.reader.run

        async def run(query):
            self.count += 1
            return await read(query)

        engine.reader.run = run  # type: ignore[method-assign]


def offsets(ok):
    return [each["offset"] for each in ok["events"]]


def since(offset, epoch="e1"):
    return {"epoch": epoch, "offset": offset}


async def resume(connection: FakeConnection, topic: str, offset: int, epoch: str = "e1"):
    return await connection.command("subscribe", topic, since=since(offset, epoch))


async def follow(engine: MemoryEngine, name: str, topic: str) -> FakeConnection:
    connection = await engine.connect(name)
    assert "ok" in await connection.command("subscribe", topic)
    return connection


async def tell(engine: MemoryEngine, topic: str, *numbers: int) -> None:
    for n in numbers:
        await engine.publish(topic, Told(n))
