"""What the load generator is told: clients, the rooms they are in, and how messages are paced (``load/plan.c``)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Speech:
    """How a server's protocol says things.

    ``%R``: the room, ``%B``: the body, ``%N``: a number, ``%C``: the client, ``%T``: the time in nanoseconds.
    """

    publish: str = ""
    """What a publisher sends."""
    ack: str = ""
    """What a message contains that acknowledges one to its publisher. Without it, its own copy does."""
    refusal: str = ""
    """What a message contains that says to a publisher that its own was not taken."""
    ping: tuple[str, str] | None = None
    """A message that must be answered at once, and the answer (engine.io)."""
    keep: tuple[str, ...] = ()
    """After which texts stands what a client needs to resume: ``%1`` and ``%2`` in the steps below, and ``%R``."""
    resume: tuple[str, ...] = ()
    """The steps of a client that was cut, when it connects again."""


def sends(text: str) -> str:
    return f">{text}"


def expects(text: str) -> str:
    """A message must come that contains the text."""
    return f"<{text}"


@dataclass(frozen=True)
class Client:
    """One connection: where it connects, with which header, and by which steps it gets ready."""

    path: str
    header: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pace:
    kind: str
    number: float = 0


def idle() -> Pace:
    """Nobody publishes."""
    return Pace("idle")


def window(messages: int) -> Pace:
    """Each publisher keeps so many under way; the next leaves when one has reached every member of its room."""
    return Pace("window", messages)


def acked(messages: int) -> Pace:
    """Each publisher keeps so many under way; the next leaves when the server has acknowledged one."""
    return Pace("acked", messages)


def rate(messages_per_second: float) -> Pace:
    """All publishers of the group together, evenly spread over time and rooms."""
    return Pace("rate", messages_per_second)


@dataclass(frozen=True)
class Group:
    """Rooms that are paced and counted together."""

    name: str
    pace: Pace
    rooms: Mapping[str, Sequence[Client]]
    """Name to members. The first ones publish."""
    publishers: int = 1
    """In each room; with the pace ``acked`` all its members where it has fewer."""


@dataclass(frozen=True)
class Plan:
    speech: Speech
    groups: Sequence[Group] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        if self.speech.publish:
            yield f"publish\t{self.speech.publish}"
        if self.speech.ack:
            yield "\t".join(("ack", self.speech.ack, *filter(None, [self.speech.refusal])))
        if self.speech.ping:
            yield "\t".join(("ping", *self.speech.ping))
        yield from (f"keep\t{text}" for text in self.speech.keep)
        if self.speech.resume:
            yield "\t".join(("resume", *self.speech.resume))
        for group in self.groups:
            yield f"group\t{group.name}\t{group.pace.kind}\t{group.pace.number:g}\t{group.publishers}"
            for room, clients in group.rooms.items():
                yield f"room\t{room}"
                for client in clients:
                    yield "\t".join(("client", client.path, client.header, *client.steps))
