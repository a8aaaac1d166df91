"""What the engine needs of the world. Each port has a contract suite that every implementation passes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from hubbub.protocol.frames import Event

if TYPE_CHECKING:
    from hubbub.engine.engine import Engine

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where a topic's stream stands: its epoch, its first kept offset and its last."""

    epoch: str
    first: int
    top: int


class StreamStore(Protocol):
    """The durable log. Blocking; the engine calls it through a Reader.

    Guarantees: offsets of a topic are 1, 2, 3, ... in commit order, without gaps; an event that
    ``read`` has returned once is returned again, the same, until it is pruned.
    """

    def states(self, topics: list[str]) -> dict[str, StreamState]:
        """The state of each topic; a topic without events has offset 0 and an epoch all the same."""
        ...

    def read(self, topic: str, after: int, limit: int) -> list[Event]:
        """Up to ``limit`` events with an offset above ``after``, in order."""
        ...

    def read_ranges(self, ranges: dict[str, tuple[int, int]]) -> dict[str, list[Event]]:
        """Each topic's events above the first offset, up to and with the second, in order, by one query.

        Topics without any may be missing.
        """
        ...


class Action(Protocol[P, T_co]):
    """A function that changes the database."""

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> Callable[[], T_co]:
        """The function with its arguments, for a writer to run."""
        ...


class Writer(Protocol):
    """Runs actions, one transaction at a time."""

    async def run(self, action: Callable[[], T], *, topic: str) -> T:
        """Run ``action`` in a transaction and return once that is committed.

        Raises whatever the action raises, after its rollback, and Busy when too many wait.
        """
        ...


class Reader(Protocol):
    """Runs queries where they may block."""

    async def run(self, query: Callable[[], T]) -> T:
        """Run ``query`` in one read transaction, so that all it sees is of one moment: now or later.

        Queries that wait may share a transaction, and what they ask ``once`` in it.
        """
        ...


class Relay(Protocol):
    """Carries events between processes. It may lose, double and reorder: the log is the truth."""

    def start(self, engine: "Engine") -> None:
        """Begin, with tasks of the engine's group, which also ends them."""
        ...

    async def join(self, topic: str) -> None:
        """Somebody here follows the topic now."""
        ...

    async def leave(self, topic: str) -> None:
        """Nobody here follows the topic any more."""
        ...

    def send(self, event: Event) -> None:
        """Pass an event on to the other processes; called on the engine's loop, must not block."""
        ...


class NoRelay:
    """The relay of a single process: there is nobody else to tell."""

    def start(self, engine: "Engine") -> None:
        return None

    async def join(self, topic: str) -> None:
        return None

    async def leave(self, topic: str) -> None:
        return None

    def send(self, event: Event) -> None:
        return None


class Groups(Protocol):
    """What other code in the project sends to groups of the layer, for whoever follows a topic (rule FMT-1)."""

    def start(self, engine: "Engine") -> None:
        """Begin, with tasks of the engine's group, which also ends them."""
        ...

    async def join(self, topic: str, names: Sequence[str]) -> None:
        """Somebody here follows the topic, which goes by these names, and shows what its groups are sent.

        Returns once that is heard here, or cannot be for now. To be called once for each who does.
        """
        ...

    def leave(self, topic: str, names: Sequence[str]) -> None:
        """One of those who joined follows it no more."""
        ...


class NoGroups:
    """Where there is no layer, nothing is sent to its groups."""

    def start(self, engine: "Engine") -> None:
        return None

    async def join(self, topic: str, names: Sequence[str]) -> None:
        return None

    def leave(self, topic: str, names: Sequence[str]) -> None:
        return None


class Sink(Protocol):
    """The transport's end of a session."""

    async def send(self, frame: bytes) -> None:
        """Send one text frame; returns when the transport can take more."""
        ...

    async def close(self, code: int, reason: str) -> None: ...


class Writes(Protocol):
    def write(self, data: bytes, /) -> None: ...


class FrameWriter(Sink, Protocol):
    """Ready-made frames straight to the transport, where the server offers that. On the loop only."""

    @property
    def direct(self) -> "Writes | None":
        """Where frames are written at once; None where the client doesn't keep up, or the connection is closing."""
        ...

    @property
    def frame(self) -> Callable[[bytes], bytes]:
        """Makes a frame of a text, for any connection whose writer has the same function."""
        ...

    def write(self, payload: bytes) -> None:
        """Write whole frames, in the order of the calls. Raises OSError for a connection that is closing."""
        ...

    def hold(self) -> None:
        """Before the client is let in: keep what is written directly, to be sent together with the answer to it."""
        ...

    def listen(self, receive: Callable[[str | None], None], ended: Callable[[], None]) -> None:
        """Hand the client's messages to ``receive`` as they are read, None for a binary one; then say it ``ended``.

        The connection is the listener's from then on, and whoever served it until then may return.
        """
        ...

    async def drain(self) -> None:
        """Wait until the client keeps up again. Raises OSError for a connection that is gone."""
        ...
