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
