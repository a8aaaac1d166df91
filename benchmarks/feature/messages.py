import msgspec

from hubbub.protocol.registry import command, event


@command("bench.say")
class Say(msgspec.Struct):
    """Say something to everybody in the room."""

    body: str


@event("bench.said", ephemeral=True)
class Said(msgspec.Struct):
    """Somebody said something."""

    body: str


class CensusReply(msgspec.Struct):
    """What the process keeps."""

    sessions: int
    topics: int
    """That somebody follows."""
    subscribers: int
    connections: int
    """That the limits count."""
    tasks: int
    files: int
    """That are open."""
    objects: int
    """That the garbage collector knows."""
    layers: dict[str, int]
    """Bytes by layer, where memory is traced."""


@command("bench.census", reply=CensusReply, topic="none")
class Census(msgspec.Struct):
    """Count what the process keeps."""
