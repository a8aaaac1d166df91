"""Commands that survive the loss of the connection, and of the process where they are kept in a file (rule ACK-2)."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Literal

import msgspec

from hubbub.client.backoff import Backoff
from hubbub.client.connection import Connection
from hubbub.client.errors import (
    Disconnected,
    Ended,
    Expired,
    OtherUser,
    QueueFileError,
    QueueFull,
    UnknownOutcome,
    body_of,
    error_of,
)
from hubbub.client.frames import command_name
from hubbub.client.stores import QueueStore, StoredCommand
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.registry import registry

logger = logging.getLogger("hubbub.client")

ATTEMPTS = 5
"""How often a command is sent that is answered by a temporary error of which it is not known whether it passes."""
_PASSING = frozenset({"busy", "rate_limited"})


class Queued:
    """A command in the queue. ``await`` it for its reply; whether you do or not, it is sent.

    Awaiting raises the error with which the server refused it for good, Expired, UnknownOutcome, or Ended when the
    client stops first: a queue in a file keeps the command then.
    """

    def __init__(self, stored: StoredCommand, reply: type[msgspec.Struct] | None) -> None:
        self._stored = stored
        self._reply_type = reply
        self._attempts = 0
        self._awaited = False
        self._outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        # Who doesn't await it finds the failure in the queue and in the log.
        self._outcome.add_done_callback(lambda outcome: outcome.exception())
        self.state: Literal["waiting", "sending", "failed", "done"] = "failed" if stored.error else "waiting"

    @property
    def key(self) -> int:
        """Its number in the queue, ascending; the same in another run where the queue is in a file."""
        return self._stored.key

    @property
    def type(self) -> str:
        return self._stored.type

    @property
    def topic(self) -> str | None:
        return self._stored.topic

    @property
    def data(self) -> dict[str, Any]:
        """What is sent, with its ``client_id``."""
        found: dict[str, Any] = msgspec.json.decode(self._stored.data)
        return found

    @property
    def error(self) -> HubbubError | None:
        """Why it failed."""
        return None if self._stored.error is None else error_of(self._stored.error)

    def __await__(self) -> Generator[Any, None, Any]:
        return self._wait().__await__()

    async def _wait(self) -> Any:
        self._awaited = True
        # Who stops waiting doesn't call the command back.
        return await asyncio.shield(self._outcome)

    def _succeed(self, ok: msgspec.Raw) -> None:
        self.state = "done"
        if not self._outcome.done():
            self._outcome.set_result(msgspec.json.decode(ok, type=self._reply_type or Any))

    def _reject(self, error: HubbubError) -> None:
        if not self._outcome.done():
            self._outcome.set_exception(error)


class Queue:
    """The client's outgoing queue. Commands of one topic go out one after the other, in order."""

    def __init__(
        self,
        store: QueueStore,
        backoff: Backoff,
        *,
        limit: int,
        max_age: float,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._store = store
        self._backoff = backoff
        self._limit = limit
        self._max_age = max_age
        self._spawn = spawn
        self._items: dict[int, Queued] = {}
        self._lanes: dict[str, Connection] = {}
        """The lanes that are being emptied, and through which connection."""
        self._connection: Connection | None = None
        self._guest = False
        self._user: str | None = None
        self._changed = asyncio.Event()
        for stored in store.load():
            self._items[stored.key] = Queued(stored, None)

    def __len__(self) -> int:
        """How many commands wait or are being sent."""
        return sum(item.state != "failed" for item in self._items.values())

    @property
    def commands(self) -> list[Queued]:
        """Those that wait, are being sent, or failed and were awaited by nobody, in order."""
        return list(self._items.values())

    @property
    def failed(self) -> list[Queued]:
        """Those that failed for good, and that nobody awaited: for ``retry`` or ``discard``."""
        return [item for item in self._items.values() if item.state == "failed"]

    async def drained(self) -> None:
        """Wait until nothing waits any more: everything was answered, or failed for good."""
        while any(item.state != "failed" for item in self._items.values()):
            self._changed.clear()
            await self._changed.wait()

    def add(self, command: msgspec.Struct | str, data: Any, topic: str | None) -> Queued:
        """Put a command at the end. Raises QueueFull, QueueFileError, and TypeError for what can't be repeated."""
        if len(self._items) >= self._limit:  # Those that failed and are kept count, too.
            raise QueueFull
        name, reply = command_name(command)
        if isinstance(command, msgspec.Struct):
            data = command
        known = registry.commands.get(name)
        if known is not None and "client_id" not in known.data.__struct_fields__:
            raise TypeError(f"{name} has no client_id, so that a repeat could double it. Use call() for it.")
        fields = msgspec.to_builtins(data or {})
        fields["client_id"] = fields.get("client_id") or uuid.uuid4().hex
        at = time.time()
        stored = StoredCommand(0, name, topic, msgspec.json.encode(fields), at, at if self._connection else None)
        stored.key = self._store.add(stored)
        item = self._items[stored.key] = Queued(stored, reply)
        self._pump(_lane(item))
        return item

    def retry(self, item: Queued) -> None:
        """Send a failed command again, with the same ``client_id``."""
        if self._items.get(item.key) is item and item.state == "failed":
            self._store.fail(item.key, None)
            item._stored.error = None
            item._attempts = 0
            item.state = "waiting"
            item._stored.tried = time.time() if self._connection else None
            self._pump(_lane(item))

    def discard(self, item: Queued) -> None:
        """Forget a command that waits or failed. One that is being sent can't be called back."""
        if self._items.get(item.key) is item and item.state != "sending":
            self._remove(item)
            item._reject(Ended("The command was discarded."))

    # What the client tells

    def ready(self, connection: Connection) -> None:
        """A session is ready. Raises OtherUser where the queue is not its user's."""
        self._bind(None if connection.ready.user is None else str(connection.ready.user.id))
        self._connection = connection
        at = time.time()
        expired = [item for item in self._waiting() if at - (item._stored.tried or at) > self._max_age]
        for item in expired:
            self._fail(item, Expired())
        untried = [item for item in self._waiting() if item._stored.tried is None]
        if untried:
            self._store.mark_tried(at)
        for item in untried:
            item._stored.tried = at
        for lane in {_lane(item) for item in self._waiting()}:
            self._pump(lane)

    def lost(self) -> None:
        """The session is over: what was sent without a reply is sent again in the next."""
        self._connection = None

    def close(self, end: Ended) -> None:
        """The client ends; a queue in a file keeps what waits."""
        self._connection = None
        if len(self) and not self._store.durable:
            logger.warning("%d queued commands were not answered, and are kept nowhere.", len(self))
        for item in self._items.values():
            item._reject(end)

    def _bind(self, user: str | None) -> None:
        owner = self._user or self._store.owner()
        if self._store.durable and user is None:
            raise OtherUser("A queue in a file takes a user who is signed in: a guest is another one each time.")
        if owner is not None and owner != user and len(self):
            raise OtherUser(f"The queue is that of user {owner}, and this is {user or 'a guest'}.")
        if user is not None and owner != user:
            self._store.own(user)
        self._user = user
        self._guest = user is None

    # Sending

    def _waiting(self) -> list[Queued]:
        return [item for item in self._items.values() if item.state == "waiting"]

    def _pump(self, lane: str) -> None:
        if self._connection is not None and self._lanes.get(lane) is not self._connection:
            self._lanes[lane] = self._connection
            self._spawn(self._drain(lane, self._connection))

    async def _drain(self, lane: str, connection: Connection) -> None:
        """Send a lane's commands, one by one, until there are none or the connection ends."""
        while self._lanes.get(lane) is connection:
            items = self._items.values()
            item = next((each for each in items if each.state == "waiting" and _lane(each) == lane), None)
            if item is None or connection.ended:
                del self._lanes[lane]
                return
            item.state = "sending"
            try:
                ok = await connection.request(item.type, item.topic, msgspec.Raw(item._stored.data))
            except Disconnected:
                item.state = "waiting"
                # The server knows a guest by the session alone, so the next could not tell a repeat.
                if self._guest:
                    self._fail(item, UnknownOutcome())
            except HubbubError as error:
                await self._refused(item, error)
            else:
                self._finish(item)
                item._succeed(ok)

    async def _refused(self, item: Queued, error: HubbubError) -> None:
        item._attempts += 1
        if not error.temporary or (error.code not in _PASSING and item._attempts >= ATTEMPTS):
            self._fail(item, error)
            return
        item.state = "waiting"
        wait = self._backoff.wait(item._attempts) if error.retry_after is None else error.retry_after
        await asyncio.sleep(wait)

    def _fail(self, item: Queued, error: HubbubError) -> None:
        logger.warning("%s to %s failed: %s", item.type, item.topic or "the server", error)
        item.state = "failed"
        if item._awaited:
            self._finish(item)
        else:
            item._stored.error = body_of(error)
            try:
                self._store.fail(item.key, item._stored.error)
            except QueueFileError as trouble:
                logger.error("The queue did not note that command %d failed: %s", item.key, trouble)
        item._reject(error)
        self._changed.set()

    def _remove(self, item: Queued) -> None:
        self._store.remove(item.key)
        self._forget(item)

    def _finish(self, item: Queued) -> None:
        """It was answered, whether or not its file can say so: what that still has is sent again, and happens once."""
        try:
            self._store.remove(item.key)
        except QueueFileError as trouble:
            logger.error("The queue keeps command %d, which is done with: %s", item.key, trouble)
        self._forget(item)

    def _forget(self, item: Queued) -> None:
        self._items.pop(item.key, None)
        self._changed.set()


def _lane(item: Queued) -> str:
    """Commands of one topic keep their order; those without a topic, that of their type."""
    return item.topic or item.type
