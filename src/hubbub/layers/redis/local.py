"""What one event loop has of the layer: its connections, the inboxes that it reads, the groups of its channels."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from channels.exceptions import ChannelFull
from redis.exceptions import ConnectionError

from hubbub.engine.logs import quiet_logger
from hubbub.engine.tasks import TaskGroup
from hubbub.layers.redis.cluster import Cluster
from hubbub.layers.redis.hosts import Host
from hubbub.layers.redis.mailboxes import Mailboxes
from hubbub.layers.redis.names import Names, inbox_of
from hubbub.layers.redis.queue import SharedQueues
from hubbub.layers.redis.servers import Ring, Servers

logger = quiet_logger("hubbub.layer")

RETRY_SECONDS = 1.0
DRAIN_AT_ONCE = 100

# What a frame in an inbox is: "<kind> <channel> <group, where it has one> <message, where it has one>".
MESSAGE = b"m"
GROUP_MESSAGE = b"g"
DISCARD = b"d"
MAX_ENDS = 10_000
"""How many messages may wait where the end of a membership has to."""


class Local:
    """Everything here happens on one loop. ``close`` ends the connections and leaves no task.

    Messages that one channel is sent come through the inbox of the loop that reads it; those of a group by the group's
    own name, once for all members here.
    """

    def __init__(
        self, inbox: str, hosts: list[Host], names: Names, mailboxes: Mailboxes, expiry: float, group_expiry: float
    ) -> None:
        self.inbox = inbox
        self.servers: Servers = Cluster(hosts[0], self) if hosts[0].cluster else Ring(hosts, self)
        self._tasks = TaskGroup()
        self._queues = SharedQueues(self.servers, self._tasks, expiry)
        self.on_lost: list[Callable[[], object]] = []
        self.on_regained: list[Callable[[], object]] = []
        self.timer: asyncio.TimerHandle | None = None
        """When what nobody needs any more is forgotten."""
        self._names = names
        self._mailboxes = mailboxes
        self._expiry = int(expiry * 1000)
        self._group_expiry = int(group_expiry * 1000)
        self._groups: dict[str, dict[str, None]] = {}
        self._memberships: dict[str, set[str]] = {}
        self._inboxes: dict[str, list[bytes] | None] = {}
        """The inboxes that are read here; a list holds what has come while older messages are fetched."""
        self._draining: dict[str, asyncio.Task[None]] = {}

    # Sending

    async def send(self, channel: str, packed: bytes, capacity: int, group: str = "") -> None:
        """Send to a channel, for a ``group`` if one is named.

        Raises ChannelFull, and redis-py's ConnectionError and ResponseError.
        """
        if "!" not in channel:
            name, script = self._names.queue(channel), self.servers.scripts.queue
            taken = await self.servers.run(script, name, packed, self._expiry, capacity)
        else:
            about = (GROUP_MESSAGE, channel.encode(), group.encode()) if group else (MESSAGE, channel.encode())
            taken = await self._deliver(channel, b" ".join((*about, packed)), capacity)
        if not taken:
            raise ChannelFull(channel)

    async def _deliver(self, channel: str, frame: bytes, capacity: int) -> bool:
        name = self._names.inbox(inbox_of(channel))
        return bool(await self.servers.run(self.servers.scripts.deliver, name, frame, self._expiry, capacity))

    async def send_to_group(self, group: str, packed: bytes) -> list[str]:
        """Publish to every process with members. Gives the members that have to be sent to one by one."""
        name, script = self._names.group(group), self.servers.scripts.send_to_group
        members: list[bytes] = await self.servers.run(script, name, packed)
        return [member.decode() for member in members]

    # Groups

    async def join(self, group: str, channel: str) -> None:
        """Let a channel that is read on this loop have what the group is sent from now on. Raises ConnectionError."""
        await self._begin_to_read(inbox_of(channel))
        name = self._names.group(group)
        members = self._groups.setdefault(group, {})
        if not members:
            self.servers.follow(name, partial(self._receive_for_group, group))
        members[channel] = None
        self._memberships.setdefault(channel, set()).add(group)
        self._mailboxes.of(channel)
        try:
            await self.servers.confirmed(name)
        except BaseException:
            self.leave(group, channel)
            raise

    async def _begin_to_read(self, inbox: str) -> None:
        """So that messages of a group come after those that the channel was sent before."""
        await self.servers.prepare()
        await self.read(inbox)
        with suppress(ConnectionError):  # The inbox may be on another server than the group.
            await self.servers.confirmed(self._names.inbox(inbox))
        if (draining := self._draining.get(inbox)) is not None:
            await asyncio.wait([draining])

    def leave(self, group: str, channel: str) -> None:
        """End it; nothing happens where the channel is no member."""
        members = self._groups.get(group, {})
        if channel not in members:
            return
        del members[channel]
        if not members:
            del self._groups[group]
            self.servers.leave(self._names.group(group))
        groups = self._memberships[channel]
        groups.discard(group)
        if not groups:
            del self._memberships[channel]
            self._mailboxes.tidy(channel)

    async def join_from_afar(self, group: str, channel: str) -> None:
        """Make a channel that is read elsewhere a member, for as long as memberships last."""
        await self.servers.run(self.servers.scripts.join, self._names.group(group), channel, self._group_expiry)

    async def leave_from_afar(self, group: str, channel: str) -> None:
        """End a membership that was made from afar, and one that a channel has where it is read, elsewhere."""
        await self.servers.run(self.servers.scripts.part, self._names.group(group), channel)
        if "!" in channel and not self.reads(channel):
            await self._deliver(channel, b" ".join((DISCARD, channel.encode(), group.encode())), MAX_ENDS)

    def sweep(self, now: float) -> None:
        """End the memberships of channels that nobody has received on for as long as memberships last."""
        for channel, groups in list(self._memberships.items()):
            mailbox = self._mailboxes.of(channel)
            if not mailbox.watched and now - mailbox.used > self._group_expiry / 1000:
                for group in list(groups):
                    self.leave(group, channel)

    def is_member(self, channel: str) -> bool:
        return channel in self._memberships

    # Receiving

    def reads(self, channel: str) -> bool:
        """Whether a channel belongs to this loop: it was made here, or is read here."""
        inbox = inbox_of(channel)
        return inbox == self.inbox or inbox in self._inboxes

    async def take(self, channel: str) -> bytes:
        """The next message of a channel that several processes may receive on, as it was packed."""
        return await self._queues.take(self._names.queue(channel))

    async def read(self, inbox: str) -> None:
        """Read an inbox, if it is not read here already: what waits there, and from now on.

        Waits where servers have yet to be found, and do not answer.
        """
        if inbox in self._inboxes:
            return
        self._inboxes[inbox] = None
        try:
            await self._prepare()
        except BaseException:
            del self._inboxes[inbox]
            raise
        self.servers.follow(self._names.inbox(inbox), partial(self._receive_in, inbox), partial(self._ready, inbox))

    async def _prepare(self) -> None:
        while True:
            try:
                await self.servers.prepare()
                return
            except ConnectionError as error:
                logger.warning("The channel layer waits for its servers: %s.", error)
                await asyncio.sleep(RETRY_SECONDS)

    def _ready(self, inbox: str) -> None:
        # What was stored is older than anything that is published from now on.
        if self._inboxes[inbox] is None:
            self._inboxes[inbox] = []
            self._draining[inbox] = self._tasks.spawn(self._drain(inbox), f"layer inbox {inbox}")

    async def _drain(self, inbox: str) -> None:
        name, take = self._names.inbox(inbox), self.servers.scripts.take
        try:
            while items := await self.servers.run(take, name, DRAIN_AT_ONCE):
                for item in items:
                    self._open(item.partition(b" ")[2])
        except ConnectionError:
            # The subscription may have held: then nobody else would look again.
            self._tasks.spawn(self._drain_later(inbox), f"layer inbox {inbox}")
        finally:
            held, self._inboxes[inbox] = self._inboxes[inbox], None
            self._draining.pop(inbox, None)
            for frame in held or ():
                self._open(frame)

    async def _drain_later(self, inbox: str) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        self._ready(inbox)

    def _receive_in(self, inbox: str, frame: bytes) -> None:
        held = self._inboxes[inbox]
        if held is None:
            self._open(frame)
        else:
            held.append(frame)

    def _open(self, frame: bytes) -> None:
        kind, _, rest = frame.partition(b" ")
        address, _, rest = rest.partition(b" ")
        channel = address.decode()
        if kind == MESSAGE:
            self._mailboxes.put(channel, rest)
        elif kind == GROUP_MESSAGE:
            group, _, packed = rest.partition(b" ")
            # Added here as well, it has had the message with the others.
            if channel not in self._groups.get(group.decode(), ()):
                self._mailboxes.put_all([channel], packed, group.decode())
        elif kind == DISCARD:
            self.leave(rest.decode(), channel)

    def _receive_for_group(self, group: str, data: bytes) -> None:
        self._mailboxes.put_all(list(self._groups.get(group, ())), data, group)

    # As the listener of its servers

    def lost(self) -> None:
        _tell_all(self.on_lost)

    def regained(self) -> None:
        _tell_all(self.on_regained)

    def moved(self, name: bytes) -> None:
        """A server alone does not send names elsewhere."""

    # The end

    def forget(self) -> None:
        """Leave every group."""
        for channel, groups in list(self._memberships.items()):
            for group in list(groups):
                self.leave(group, channel)

    async def close(self) -> None:
        """End the connections, and what was under way."""
        if self.timer is not None:
            self.timer.cancel()
        await self._tasks.cancel()
        await self.servers.close()


def _tell_all(callbacks: list[Callable[[], object]]) -> None:
    """Whatever one of them raises, the others are called, and the connection goes on."""
    for tell in list(callbacks):
        try:
            tell()
        except Exception:
            logger.exception("A callback of the channel layer failed.")


def close_with(loop: asyncio.AbstractEventLoop, close: Callable[[], Awaitable[Any]]) -> None:
    """Run ``close`` on the loop when that is closed: by asyncio.run, by async_to_sync, or by hand.

    A loop has no hook for its end, and a connection that outlives it cannot be closed any more.
    """
    original = loop.close

    def closing() -> None:
        loop.close = original  # type: ignore[method-assign]
        try:
            if not loop.is_closed() and not loop.is_running():
                loop.run_until_complete(close())
        finally:
            original()

    loop.close = closing  # type: ignore[method-assign]
