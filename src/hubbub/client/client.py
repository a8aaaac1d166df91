"""The client: connects, resumes and sends again by itself."""

import asyncio
import ssl as tls
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import msgspec

from hubbub.client.backoff import Backoff
from hubbub.client.connection import Connection, encode_data
from hubbub.client.credentials import Credentials, Source
from hubbub.client.errors import Ended, TimedOut
from hubbub.client.frames import Command, Person, ServerFrame, command_name, logger
from hubbub.client.inbox import Inbox
from hubbub.client.inflow import Signal
from hubbub.client.link import Link, Status
from hubbub.client.opening import Address
from hubbub.client.presence import CHANGED, Presence
from hubbub.client.queue import Queue, Queued
from hubbub.client.stores import FileStore, MemoryStore, QueueStore
from hubbub.client.topic import Topic
from hubbub.protocol.frames import Position
from hubbub.protocol.topics import check_topic

MAX_AGE = 6 * 24 * 3600.0
"""Seconds; a server remembers for seven days, by default, what it has replied to."""


class Client:
    """A client of a hubbub server, for programs: bots, devices, scripts, tests.

    It is connected while its ``async with`` block runs, and reconnects by itself. Entering doesn't wait for the
    server, so that a device starts while it is offline; ``ready`` does.

    - ``url``: the socket's address, ``wss://chat.example.org/ws/``.
    - ``token``: an access token, or a coroutine function that returns one; it is called again when the token
      expires or is refused. None from it means that nobody is signed in; what it raises is tried again later.
    - ``ticket``: the same for tickets, which are good for one connection each. With neither it is a guest.
    - ``queue``: a path, to keep the queue of ``enqueue`` in a file, or a QueueStore. By default in memory.
    - ``on_status``: called with each new status.
    - ``buffer``: how many events of one topic wait for a caller who is slow.
    - ``max_queued``: how many commands wait in the queue.
    - ``max_age``: for how many seconds a command that was sent without an answer is sent again; must be shorter
      than the server's memory of its replies (``RECEIPT_DAYS``).
    - ``connect_timeout``, ``reply_timeout``: seconds for a connection to be ready, and for a call's reply.
    - ``headers``: more headers of the handshake. ``ssl``: a context, for a certificate authority of one's own.
    - ``proxy``: an address, None for none, or True to follow the environment; the machine itself is always
      reached directly.

    Raises ValueError for an address that is none; entering raises QueueFileError for a file that can't be used.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Source | None = None,
        ticket: Source | None = None,
        queue: str | Path | QueueStore | None = None,
        on_status: Callable[[Status], None] | None = None,
        buffer: int = 1000,
        max_queued: int = 10_000,
        max_age: float = MAX_AGE,
        backoff: Backoff | None = None,
        connect_timeout: float = 10.0,
        reply_timeout: float = 15.0,
        headers: Mapping[str, str] | None = None,
        proxy: str | Literal[True] | None = True,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        self.backoff = backoff or Backoff()
        self._reply_timeout = reply_timeout
        self._buffer = buffer
        self._on_status = on_status
        self._topics: dict[str, Topic] = {}
        self._inbox: Inbox | None = None
        self.presence = Presence(self)
        """Who is online, and how this client's user is."""
        self._user: Person | None = None
        self._end: Ended | None = None
        self._changed = Signal()
        self._tasks: asyncio.TaskGroup | None = None
        self._children: set[asyncio.Task[None]] = set()
        self._link = Link(
            Address(url, headers or {}, proxy, ssl, connect_timeout, reply_timeout),
            Credentials(token, ticket),
            self.backoff,
            on_status=self._status_changed,
            on_ready=self._readied,
            on_frame=self._received,
            on_lost=self._lost,
        )
        self._keep = queue
        self._max_queued = max_queued
        self._max_age = max_age

    queue: Queue
    """The outgoing queue, once the block is entered."""

    @property
    def status(self) -> Status:
        """How the client stands to the server."""
        return self._link.status

    @property
    def user(self) -> Person | None:
        """Who the server takes this client for; None for a guest, and before the first session."""
        return self._user

    @property
    def connection(self) -> Connection | None:
        """The present connection, for use by the parts of the client."""
        return self._link.connection

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise RuntimeError("A client is used for one block. Make another one.")
        self._store = FileStore(self._keep) if isinstance(self._keep, (str, Path)) else self._keep or MemoryStore()
        try:
            self.queue = Queue(
                self._store, self.backoff, spawn=self._spawn, limit=self._max_queued, max_age=self._max_age
            )
            self._tasks = await asyncio.TaskGroup().__aenter__()
        except BaseException:
            self._store.close()
            raise
        self._spawn(self._run())
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        assert self._tasks is not None
        self._finish(Ended("The client was closed."))
        for child in self._children:
            child.cancel()
        try:
            # An error of the block is its own; a cancellation may come from a task of ours that failed.
            cancelled = isinstance(error, asyncio.CancelledError)
            await (self._tasks.__aexit__(kind, error, trace) if cancelled else self._tasks.__aexit__(None, None, None))
        finally:
            self._store.close()

    async def ready(self) -> Person | None:
        """Wait until the client is online; returns who it is. Raises Ended, which says why it never will be."""
        await self._connected()
        return self._user

    async def ended(self) -> Ended:
        """Wait until the client can't go on; returns why."""
        while self._end is None:
            await self._changed.wait()
        return self._end

    def retry_now(self) -> None:
        """While offline: try now rather than at the end of the wait."""
        self._link.retry_now()

    def topic(self, name: str, since: Position | None = None) -> Topic:
        """The topic of that name, to be followed from ``since`` on, or from now on.

        The same object is returned until it ends. Raises ValueError where it is followed already and ``since`` is
        given, and BadFrame for a name that no topic can have.
        """
        topic = self._topics.get(check_topic(name))
        if topic is None:
            topic = self._topics[name] = Topic(name, since, self._buffer, self)
            if self._end is not None:
                topic.finish(self._end)
        elif since is not None:
            raise ValueError(f"{name} is followed already: close it before following it from another position.")
        return topic

    def inbox(self, since: Mapping[str, Position] | None = None) -> Inbox:
        """All the user's conversations, from ``since`` on (positions by topic), or from now on.

        Raises ValueError where it is followed already and ``since`` is given.
        """
        if self._inbox is None:
            self._inbox = Inbox(dict(since or {}), self._buffer, self)
            if self._end is not None:
                self._inbox.finish(self._end)
        elif since is not None:
            raise ValueError("The inbox is followed already.")
        return self._inbox

    async def call(
        self, command: msgspec.Struct | str, data: Any = None, *, topic: str | None = None, timeout: float | None = None
    ) -> Any:
        """Send a command and return its reply; while there is no connection it waits.

        ``command`` is a command's struct, such as ``hubbub.chat.messages.Send``, and the reply is then a struct, too;
        or its name, with ``data`` and the reply as plain dicts. ``timeout`` is in seconds, by default the client's
        ``reply_timeout``.

        Raises the server's error (``hubbub.protocol.errors``), Disconnected or TimedOut where it may have happened or
        not, TooBig, and Ended.
        """
        name, reply = command_name(command)
        raw = encode_data(command if isinstance(command, msgspec.Struct) else data or {})
        try:
            async with asyncio.timeout(self._reply_timeout if timeout is None else timeout):
                connection = await self._connected()
                ok = await connection.request(name, topic, raw)
        except TimeoutError:
            raise TimedOut from None
        return msgspec.json.decode(ok, type=reply or Any)

    def enqueue(self, command: msgspec.Struct | str, data: Any = None, *, topic: str | None = None) -> Queued:
        """Send a command now or later, once, whatever happens to the connection; ``await`` the result for the reply.

        It gets a ``client_id`` where it has none, and is sent again until it is answered. Commands of one topic keep
        their order. With a ``queue`` in a file it is on disk when this returns, and is sent in another run if
        need be.

        Raises QueueFull, QueueFileError, TypeError for a command that has no ``client_id``, and Ended.
        """
        if self._end is not None:
            raise self._end
        return self.queue.add(command, data, topic)

    def tell(self, command: msgspec.Struct | str, data: Any = None, *, topic: str | None = None) -> bool:
        """Send a command and ask for no reply; False where it was lost because there is no connection."""
        name, _ = command_name(command)
        raw = encode_data(command if isinstance(command, msgspec.Struct) else data or {})
        if (connection := self._link.connection) is None:
            return False
        connection.send(Command(name, topic=topic, data=raw))
        return True

    # What the parts tell

    def forget(self, topic: Topic) -> None:
        """The topic has ended."""
        if self._topics.get(topic.name) is topic:
            del self._topics[topic.name]

    def recovered(self, frame: ServerFrame, topic: str) -> None:
        """An event came in a topic's reply: the inbox may follow it, too."""
        if self._inbox is not None:
            self._inbox.receive(frame, topic)

    async def _run(self) -> None:
        self._finish(await self._link.run())

    def _finish(self, end: Ended) -> None:
        """Tell everybody who waits that nothing more comes."""
        if self._end is not None:
            return
        self._end = end
        for topic in list(self._topics.values()):
            topic.finish(end)
        if self._inbox is not None:
            self._inbox.finish(end)
        self.presence.finish(end)
        self.queue.close(end)
        self._changed.wake()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        assert self._tasks is not None
        child = self._tasks.create_task(coroutine)
        self._children.add(child)
        child.add_done_callback(self._children.discard)

    def _readied(self, connection: Connection) -> None:
        self._user = connection.ready.user
        self.presence.ready()
        self.queue.ready(connection)
        # What is asked for first is answered first, mostly: the inbox saves subscriptions one by one.
        if self._inbox is not None:
            self._inbox.ready()
        for topic in list(self._topics.values()):
            topic.ready()
        self._changed.wake()

    def _lost(self) -> None:
        self.queue.lost()
        self.presence.lost()
        if self._inbox is not None:
            self._inbox.lost()
        for topic in list(self._topics.values()):
            topic.lost()

    def _received(self, frame: ServerFrame) -> None:
        if frame.type == "error" and frame.error is not None:
            logger.warning("The server says: %s (%s)", frame.error.message, frame.error.code)
        elif frame.type == CHANGED:
            self.presence.receive(frame)
        elif frame.topic:
            if self._inbox is not None:
                self._inbox.receive(frame, frame.topic)
            if topic := self._topics.get(frame.topic):
                topic.receive(frame)

    def _status_changed(self, status: Status) -> None:
        if self._on_status is not None:
            self._on_status(status)

    async def _connected(self) -> Connection:
        while True:
            if self._end is not None:
                raise self._end
            if self._tasks is None:
                raise RuntimeError("Use the client inside `async with`.")
            if (connection := self._link.connection) is not None:
                return connection
            await self._changed.wait()
