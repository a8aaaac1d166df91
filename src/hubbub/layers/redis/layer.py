"""The Channels layer specification on Redis or Valkey."""

import asyncio
import itertools
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer
from redis.exceptions import ConnectionError

from hubbub.engine.logs import quiet_logger
from hubbub.layers.redis.codec import Codec, Unreadable
from hubbub.layers.redis.hosts import read_hosts
from hubbub.layers.redis.local import Local, close_with
from hubbub.layers.redis.mailboxes import Mailboxes
from hubbub.layers.redis.names import Names, inbox_of

logger = quiet_logger("hubbub.layer")

SWEEP_SECONDS = 60.0


class RedisLayer(BaseChannelLayer):  # type: ignore[misc]
    """Messages between processes through Redis or Valkey, on any of a process's loops and threads.

    Each event loop that uses it has one connection for commands and one for what it follows, for each host, and closes
    them when it ends.

    Args:
        hosts: URLs, ``(host, port)`` or dicts of redis-py's connection options, each with a share of all names. Also
            ``redis+sentinel://host:26379,other:26379/master`` and ``redis+cluster://host:6379``.
        prefix: what all keys begin with. Layers with another do not hear of each other.
        expiry: seconds that a message waits.
        group_expiry: seconds that a channel stays in its groups while nobody receives on it.
        capacity: messages that may wait in a channel.
        channel_capacity: other capacities, by pattern or compiled expression; the first that fits.
        symmetric_encryption_keys: messages are encrypted with the first and read with any.
        max_message_bytes: what a packed message may have.
        cluster: whether the host is a node of a Redis Cluster, for hosts that are no URL.
        on_disconnect: the type of a message that every channel gets when a connection is lost.
        on_reconnect: the same for when it is back, and what was sent meanwhile is gone.

    ``dropped`` counts messages that found a channel of this process full, or could not be read; ``drops`` by cause.
    Where a server is away, ``receive`` waits and everything else raises redis-py's ``ConnectionError``.
    """

    extensions = ("groups", "flush")

    def __init__(
        self,
        hosts: Sequence[Any] | None = None,
        prefix: str = "hubbub",
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 1000,
        channel_capacity: dict[Any, int] | None = None,
        symmetric_encryption_keys: Sequence[str | bytes] | None = None,
        max_message_bytes: int = 1_048_576,
        cluster: bool = False,
        on_disconnect: str | None = None,
        on_reconnect: str | None = None,
    ) -> None:
        super().__init__(expiry=expiry, capacity=capacity)
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        self.group_expiry = group_expiry
        self._hosts = read_hosts(hosts, cluster=cluster)
        self._names = Names(prefix)
        self._codec = Codec(symmetric_encryption_keys, max_message_bytes)
        self._mailboxes = Mailboxes(self._codec, self.get_capacity, expiry)
        self._on_lost, self._on_regained = on_disconnect, on_reconnect
        self._locals: dict[asyncio.AbstractEventLoop, Local] = {}
        self._readers: dict[str, Local] = {}
        """Which loop reads an inbox."""
        self._id = secrets.token_hex(8)
        self._inboxes = itertools.count(1)
        self._channels = itertools.count(1)

    @property
    def dropped(self) -> int:
        return self.drops.total()

    @property
    def drops(self) -> Counter[str]:
        """Messages that were dropped in this process, by cause: ``full`` or ``unreadable``."""
        return self._mailboxes.drops

    # Channels

    async def new_channel(self, prefix: str = "specific") -> str:
        """A channel of this process's own. It needs no server, and can be received on from any loop."""
        return f"{prefix}.{self._here().inbox}!{next(self._channels)}"

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Raises ChannelFull where as many messages wait as may, MessageTooLarge, and redis-py's ConnectionError."""
        self.require_valid_channel_name(channel)
        packed = self._codec.pack(message)
        if (mailbox := self._mailboxes.find(channel)) is not None and mailbox.full:
            raise ChannelFull(channel)
        await self._here().send(channel, packed, self.get_capacity(channel))

    async def receive(self, channel: str) -> dict[str, Any]:
        """The next message, waited for as long as it takes, whatever happens to the server meanwhile.

        Raises AssertionError, as channels_redis does, for a channel that belongs to another process.
        """
        self.require_valid_channel_name(channel)
        while True:
            try:
                return self._codec.unpack(await self._next(channel))
            except Unreadable as error:
                self._mailboxes.unreadable(error)

    async def _next(self, channel: str) -> bytes:
        if "!" not in channel:
            return self._codec.reveal(await self._here().take(channel))
        inbox, here = inbox_of(channel), self._here()
        if not inbox.startswith(self._token()):
            raise AssertionError(f"{channel} belongs to another process, or to none: receive on what new_channel gave.")
        try:
            while True:
                mailbox = self._mailboxes.of(channel)
                if (packed := mailbox.take()) is not None:
                    return packed
                if self._reads(here, inbox):
                    await here.read(inbox)
                await mailbox.wait()
        finally:
            if not self._is_member(channel):
                self._mailboxes.tidy(channel)

    def _reads(self, here: Local, inbox: str) -> bool:
        """Whether an inbox is the running loop's to read: no other one does."""
        return self._readers.setdefault(inbox, here) is here

    # Groups

    async def group_add(self, group: str, channel: str) -> None:
        """Once this returns, whatever is sent to the group reaches the channel. Raises redis-py's ConnectionError."""
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        here = self._here()
        if here.reads(channel) and self._reads(here, inbox_of(channel)):
            await here.join(group, channel)
        else:
            await here.join_from_afar(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """Once this returns, nothing more of the group reaches a channel of this loop.

        Raises redis-py's ConnectionError for a channel that is read elsewhere.
        """
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        here = self._here()
        here.leave(group, channel)
        try:
            await here.leave_from_afar(group, channel)
        except ConnectionError:
            if not here.reads(channel):
                raise

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """At most once, as the specification has it: a full channel is passed over, counted and logged where it is.

        Raises MessageTooLarge, and redis-py's ConnectionError where the server is away.
        """
        self.require_valid_group_name(group)
        packed = self._codec.pack(message)
        here = self._here()
        if members := await here.send_to_group(group, packed):
            await asyncio.gather(*(self._send_to_member(here, member, packed, group) for member in members))

    async def _send_to_member(self, here: Local, channel: str, packed: bytes, group: str) -> None:
        try:
            await here.send(channel, packed, self.get_capacity(channel), group)
        except ChannelFull:
            self._mailboxes.full(channel, group)

    # The connection

    def on_reconnect(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call ``callback`` on the running loop each time that its connection is back: what was sent is gone.

        Gives a function that ends it.
        """
        told = self._here().on_regained
        told.append(callback)
        return partial(told.remove, callback)

    async def flush(self) -> None:
        """Delete every message and group on the servers and in this process. Raises redis-py's ConnectionError."""
        for loop, local in list(self._locals.items()):
            if local is self._here():
                local.forget()
            else:
                loop.call_soon_threadsafe(local.forget)
        self._mailboxes.empty()
        for wire in await self._here().servers.everywhere():
            cursor = b"0"
            while True:
                cursor, keys = await wire.call("SCAN", cursor, "MATCH", self._names.everything, "COUNT", 1000)
                for key in keys:  # One at a time: in a cluster they have slots of their own.
                    await wire.call("UNLINK", key)
                if cursor == b"0":
                    break

    async def close(self) -> None:
        """Close the connections of the running loop. Using the layer again opens new ones."""
        await self._end(asyncio.get_running_loop())

    # Loops

    def _here(self) -> Local:
        """What the running loop has of the layer."""
        loop = asyncio.get_running_loop()
        local = self._locals.get(loop)
        if local is None:
            inbox = f"{self._token()}{next(self._inboxes):x}"
            local = Local(inbox, self._hosts, self._names, self._mailboxes, self.expiry, self.group_expiry)
            for tell, message_type in ((local.on_lost, self._on_lost), (local.on_regained, self._on_regained)):
                if message_type:
                    tell.append(partial(self._tell_channels, local, message_type))
            self._locals[loop] = local
            local.timer = loop.call_later(SWEEP_SECONDS, self._sweep, loop)
            close_with(loop, partial(self._end, loop))
        return local

    def _token(self) -> str:
        """What the inboxes of this process begin with; another one after a fork."""
        return f"{self._id}-{os.getpid():x}-"

    async def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        local = self._locals.pop(loop, None)
        if local is None:
            return
        self._readers = {inbox: reader for inbox, reader in self._readers.items() if reader is not local}
        # Who receives on another loop takes over.
        self._mailboxes.wake_all(local.reads)
        await local.close()

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        local = self._locals[loop]
        local.sweep(time.monotonic())
        self._mailboxes.sweep(self._is_member)
        local.timer = loop.call_later(SWEEP_SECONDS, self._sweep, loop)

    def _is_member(self, channel: str) -> bool:
        return any(local.is_member(channel) for local in list(self._locals.values()))

    def _tell_channels(self, local: Local, message_type: str) -> None:
        packed = self._codec.pack({"type": message_type})
        self._mailboxes.put_all(self._mailboxes.names(local.reads), packed, "")

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(host.name for host in self._hosts)})"
