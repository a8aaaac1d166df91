"""An in-memory channel layer for one process.

Unlike the stock one it copies a message once for each receiver by its encoded form, keeps an index from group to
channels instead of walking all of them, and says when it drops.
"""

import asyncio
import itertools
import secrets
import time
from typing import Any

import msgspec
from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer

from hubbub.engine.logs import quiet_logger
from hubbub.layers.mailbox import Mailbox

logger = quiet_logger("hubbub.layer")

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


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
        super().__init__(expiry=expiry, capacity=capacity, **kwargs)
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        self.group_expiry = group_expiry
        self.dropped = 0
        self._channels: dict[str, Mailbox] = {}
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
            if (packed := mailbox.take()) is not None:
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

    def _mailbox(self, channel: str) -> Mailbox:
        found = self._channels.get(channel)
        if found is None:
            found = self._channels[channel] = Mailbox(self.get_capacity(channel), self.expiry)
        return found

    def _put(self, channel: str, packed: bytes) -> bool:
        return self._mailbox(channel).put(packed)

    def _tidy(self, channel: str, mailbox: Mailbox) -> None:
        # Channels that nobody uses must not pile up; one that is used comes back by itself.
        if mailbox.idle and self._channels.get(channel) is mailbox:
            del self._channels[channel]
