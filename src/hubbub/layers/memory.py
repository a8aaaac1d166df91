"""An in-memory channel layer for one process.

Unlike the stock one it copies a message once for each receiver by its encoded form, keeps an index from group to
channels instead of walking all of them, and says when it drops.
"""

import asyncio
import itertools
import logging
import secrets
import time
from collections import deque
from typing import Any

import msgspec
from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer

logger = logging.getLogger("hubbub.layer")

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class _Channel:
    """One channel's bounded queue. Whoever receives waits on a loop; whoever sends may be on another thread."""

    __slots__ = ("_waiting", "capacity", "queue")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.queue: deque[tuple[float, bytes]] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def idle(self) -> bool:
        """Whether nothing waits here: no message, and nobody for one."""
        return not self.queue and not self._waiting

    def wake(self) -> None:
        """Wake one receiver, from any thread."""
        try:
            waiting = self._waiting.popleft()
        except IndexError:
            return
        try:
            waiting.get_loop().call_soon_threadsafe(_resolve, waiting)
        except RuntimeError:  # Its loop has ended: somebody else may be waiting.
            self.wake()

    async def wait(self) -> None:
        """Wait until something has arrived. What arrives between look and wait is not missed."""
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(arrived)
        if self.queue:
            self.wake()
        try:
            await arrived
        except asyncio.CancelledError:
            if arrived in self._waiting:
                self._waiting.remove(arrived)
            else:
                self.wake()  # It was woken for a message that it will not take.
            raise


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


class InMemoryLayer(BaseChannelLayer):  # type: ignore[misc]
    """The Channels layer specification, with groups and flush, within one process, on any of its loops and threads.

    ``dropped`` counts the group messages that found a channel full.
    """

    extensions = ("groups", "flush")

    def __init__(
        self,
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 1000,
        channel_capacity: dict[Any, int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity, **kwargs)
        self.group_expiry = group_expiry
        self.dropped = 0
        self._channels: dict[str, _Channel] = {}
        self._groups: dict[str, dict[str, float]] = {}
        self._serial = itertools.count(1)
        self._prefix = secrets.token_hex(8)

    async def new_channel(self, prefix: str = "specific") -> str:
        return f"{prefix}.inmemory!{self._prefix}{next(self._serial)}"

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Raises ChannelFull where the channel's capacity is reached."""
        self.require_valid_channel_name(channel)
        if not self._put(channel, _pack(message)):
            raise ChannelFull(channel)

    async def receive(self, channel: str) -> dict[str, Any]:
        self.require_valid_channel_name(channel)
        while True:
            mailbox = self._mailbox(channel)
            now = time.monotonic()
            while mailbox.queue:
                expires, packed = mailbox.queue.popleft()
                if expires > now:
                    self._tidy(channel, mailbox)
                    message: dict[str, Any] = _unpack(packed)
                    return message
            try:
                await mailbox.wait()
            except asyncio.CancelledError:
                self._tidy(channel, mailbox)
                raise

    async def group_add(self, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        self._groups.setdefault(group, {})[channel] = time.monotonic() + self.group_expiry

    async def group_discard(self, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        members = self._groups.get(group, {})
        members.pop(channel, None)
        if not members:
            self._groups.pop(group, None)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """At most once, as the specification has it: a full channel is passed over, counted and logged."""
        self.require_valid_group_name(group)
        packed = _pack(message)
        now = time.monotonic()
        for channel, expires in list(self._groups.get(group, {}).items()):
            if expires <= now:
                await self.group_discard(group, channel)
                self._channels.pop(channel, None)
            elif not self._put(channel, packed):
                self.dropped += 1
                logger.warning("channel %s is full: a message to group %s was dropped", channel, group)

    async def flush(self) -> None:
        self._channels.clear()
        self._groups.clear()

    async def close(self) -> None:
        await self.flush()

    def _mailbox(self, channel: str) -> _Channel:
        found = self._channels.get(channel)
        if found is None:
            found = self._channels[channel] = _Channel(self.get_capacity(channel))
        return found

    def _put(self, channel: str, packed: bytes) -> bool:
        mailbox = self._mailbox(channel)
        now = time.monotonic()
        while mailbox.queue and mailbox.queue[0][0] <= now:
            mailbox.queue.popleft()
        if len(mailbox.queue) >= mailbox.capacity:
            return False
        mailbox.queue.append((now + self.expiry, packed))
        mailbox.wake()
        return True

    def _tidy(self, channel: str, mailbox: _Channel) -> None:
        # Channels that nobody uses must not pile up; one that is used comes back by itself.
        if mailbox.idle and self._channels.get(channel) is mailbox:
            del self._channels[channel]
