"""The registry of commands, events and topic kinds: where a feature says what it adds.

A new message type is one class and one decorated function::

    @command("poll.vote", reply=Voted)
    class Vote(msgspec.Struct):
        option: int

    @handles(Vote)
    async def vote(ctx: Context, data: Vote) -> Voted:
        return await ctx.act(actions.vote, ctx.actor, ctx.topic, data.option)

Validation, the TypeScript types, JSON Schema, AsyncAPI and the reference page come from the class.
"""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any, Literal, TypeVar, get_type_hints

import msgspec

from hubbub.protocol.errors import (
    Absent,
    BadData,
    Busy,
    Conflict,
    HubbubError,
    Internal,
    RateLimited,
    UnknownCommand,
)

Handler = Callable[[Any, Any], Any]
S = TypeVar("S", bound=type[msgspec.Struct])
H = TypeVar("H", bound=Handler)

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")


@dataclass(slots=True)
class CommandType:
    """One command: its name, its data, its reply, and who answers it."""

    name: str
    data: type[msgspec.Struct]
    reply: type[msgspec.Struct] | None
    topic: Literal["required", "none"]
    """``required``: the envelope must carry a topic. ``none``: the command has no topic."""
    limit: str
    """The rate limit that it counts against, a key of ``LIMITS``; empty for none but the frame limit."""
    errors: tuple[type[HubbubError], ...] = ()
    """What may go wrong with this command beside what may with every one."""
    handler: Handler | None = None
    waits: bool = True
    """Whether the handler is a coroutine function, and so may wait."""

    @property
    def doc(self) -> str:
        return (self.data.__doc__ or "").strip()

    @property
    def possible_errors(self) -> list[type[HubbubError]]:
        """What it may be answered, its own errors first."""
        found = [*self.errors, BadData]
        if self.topic == "required" and "." in self.name:
            found.append(Absent)
        if "client_id" in self.data.__struct_fields__:
            found.append(Conflict)
        if self.limit:
            found.append(RateLimited)
        return list(dict.fromkeys([*found, Busy, Internal]))


@dataclass(slots=True)
class EventType:
    """One event: its name and its data; ``durable`` events stand in their topic's stream."""

    name: str
    data: type[msgspec.Struct]
    durable: bool
    internal: bool = False
    """Between the server's own processes; no client sees it."""
    kind: str = ""
    """The kind of the topics on which it happens; without it, the one that its name begins with."""

    def __post_init__(self) -> None:
        self.kind = self.kind or self.name.partition(".")[0]

    @property
    def doc(self) -> str:
        return (self.data.__doc__ or "").strip()


@dataclass(slots=True)
class TopicKind:
    """The topics ``<kind>.<key>``: who may follow them, and what a new follower is shown.

    For the reference, ``key`` names what stands after the dot (empty where nothing does), ``example`` is one, and
    ``doc`` says who may follow.
    ``authorize(actor, topic)`` raises Forbidden or Absent; it runs where it may read the database, and what
    it returns is kept as ``subscription.authorized``.
    ``snapshot(actor, topic)`` returns a struct; the engine reads it and the stream's position in one
    transaction. ``joined`` and ``left`` are called with (session, subscription) on the event loop.

    What makes it cheap to come back: ``reads`` is False where ``authorize`` asks no database, it then runs on the
    event loop. ``revokes`` says that every loss of access is told by ``control.access_revoked``, so that who was let
    in need not be asked about again while nothing of the kind is heard, a minute after the connection is gone at
    most. ``audience(actor)`` says who is shown the same snapshot: actors for whom it returns the same, and who ask
    at the same time, get one that is read once; without it, everybody has one's own.

    ``alias(topic, authorized)`` is another name by which ``HUBBUB["GROUPS"]`` may mean the topic; empty for none.
    """

    name: str
    authorize: Callable[[Any, str], Any]
    snapshot: Callable[[Any, str], msgspec.Struct] | None = None
    joined: Callable[[Any, Any], None] | None = None
    left: Callable[[Any, Any], None] | None = None
    reads: bool = True
    revokes: bool = False
    audience: Callable[[Any], Hashable] | None = None
    alias: Callable[[str, Any], str] | None = None
    key: str = "id"
    doc: str = ""
    example: str = "1"

    @property
    def pattern(self) -> str:
        """How its topics are written: ``chat.<conversation id>``; a kind without a key is one topic."""
        return f"{self.name}.<{self.key}>" if self.key else self.name

    def names(self, topic: str, authorized: Any) -> tuple[str, ...]:
        """What the topic goes by in ``HUBBUB["GROUPS"]``, for a session that was let in so."""
        alias = self.alias(topic, authorized) if self.alias else ""
        return (topic, alias) if alias else (topic,)

    @property
    def snapshot_type(self) -> type[msgspec.Struct] | None:
        """The struct that a new follower is shown, as ``snapshot`` declares it."""
        return get_type_hints(self.snapshot).get("return") if self.snapshot else None


@dataclass(slots=True)
class Registry:
    """Everything that the installed features add to the protocol. One for a process: ``registry``."""

    commands: dict[str, CommandType] = field(default_factory=dict)
    events: dict[str, EventType] = field(default_factory=dict)
    topics: dict[str, TopicKind] = field(default_factory=dict)
    event_names: dict[type, str] = field(default_factory=dict)
    examples: dict[type, msgspec.Struct] = field(default_factory=dict)
    """One instance of each struct that has an example, for the reference; see ``example``."""

    def command_type(self, name: str) -> CommandType:
        """The command of that name. Raises UnknownCommand, also where nothing handles it."""
        found = self.commands.get(name)
        if found is None or found.handler is None:
            raise UnknownCommand
        return found

    def public_commands(self) -> list[CommandType]:
        """All commands, by name."""
        return [self.commands[name] for name in sorted(self.commands)]

    def public_events(self) -> list[EventType]:
        """The events that clients see, by name."""
        return [self.events[name] for name in sorted(self.events) if not self.events[name].internal]

    def public_structs(self) -> list[type[msgspec.Struct]]:
        """What travels: the data and replies of commands, the data of events, snapshots."""
        commands, events = self.public_commands(), self.public_events()
        asked = [struct for each in commands for struct in (each.data, each.reply) if struct]
        shown = [kind.snapshot_type for _, kind in sorted(self.topics.items())]
        return list(dict.fromkeys([*asked, *(each.data for each in events), *filter(None, shown)]))

    def event_type(self, data: msgspec.Struct) -> EventType:
        """The event type of a struct. Raises TypeError if its class is not an event."""
        name = self.event_names.get(type(data))
        if name is None:
            raise TypeError(f"{type(data).__name__} is not an event: decorate the class with @event('app.happened').")
        return self.events[name]


registry = Registry()


def _check(name: str, known: dict[str, Any], data: type) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no message name: write 'app.verb' in lower case.")
    if name in known and known[name].data.__qualname__ != data.__qualname__:
        raise ValueError(f"{name!r} is already registered, by {known[name].data.__qualname__}.")


def command(
    name: str,
    *,
    reply: type[msgspec.Struct] | None = None,
    topic: Literal["required", "none"] = "required",
    limit: str = "",
    errors: tuple[type[HubbubError], ...] = (),
) -> Callable[[S], S]:
    """Register a struct as the data of the command ``name``. Raises ValueError if the name is taken.

    ``errors`` are those of its own, for the reference: what every command may be answered is known.
    """

    def register(data: S) -> S:
        _check(name, registry.commands, data)
        registry.commands[name] = CommandType(name, data, reply, topic, limit, errors)
        return data

    return register


def event(name: str, *, ephemeral: bool = False, internal: bool = False, kind: str = "") -> Callable[[S], S]:
    """Register a struct as the data of the event ``name``. Raises ValueError if the name is taken.

    It happens on topics of ``kind``; without it, of the kind that its name begins with.
    ``internal`` keeps it out of the schema: it is for topics that no client can follow.
    """

    def register(data: S) -> S:
        _check(name, registry.events, data)
        registry.events[name] = EventType(name, data, not ephemeral, internal, kind)
        registry.event_names[data] = name
        return data

    return register


def handles(data: type[msgspec.Struct]) -> Callable[[H], H]:
    """Make the function the handler of the command whose data is ``data``.

    A plain function runs at once, on the event loop: for what neither waits nor blocks.
    It gets ``(ctx, data)`` and returns the command's reply struct, or None. Raises LookupError if the
    class is no command.
    """

    def register(handler: H) -> H:
        for found in registry.commands.values():
            if found.data is data:
                found.handler, found.waits = handler, iscoroutinefunction(handler)
                return handler
        raise LookupError(f"{data.__name__} is not a command: decorate the class with @command('app.verb').")

    return register


def topic_kind(kind: TopicKind) -> TopicKind:
    """Register the topics of a kind. Raises ValueError if the kind is taken."""
    if registry.topics.get(kind.name, kind).authorize.__qualname__ != kind.authorize.__qualname__:
        raise ValueError(f"Topics {kind.name!r} are already registered.")
    registry.topics[kind.name] = kind
    return kind


def example(*instances: msgspec.Struct) -> None:
    """Register an example of each instance's class, for the reference and the schemas."""
    registry.examples.update({type(each): each for each in instances})
