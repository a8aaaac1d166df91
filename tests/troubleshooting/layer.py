"""A channel layer as a project might have it: real, small, and silent about its own troubles."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

import msgspec
from channels.layers import BaseChannelLayer
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


class RedisLayer(BaseChannelLayer):  # type: ignore[misc]
    """Channels are lists, groups are sets."""

    def __init__(self, hosts: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        parts = urlsplit(hosts[0])
        # Without waiting between tries: the relay does that itself.
        self._redis = Redis(
            host=str(parts.hostname), port=int(parts.port or 0), retry=Retry(NoBackoff(), 0), socket_timeout=None
        )

    async def new_channel(self, prefix: str = "specific") -> str:
        return f"{prefix}!{secrets.token_hex(8)}"

    async def receive(self, channel: str) -> dict[str, Any]:
        taken: Any = await self._redis.blpop([channel], timeout=0)
        found: dict[str, Any] = msgspec.msgpack.decode(taken[1])
        return found

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._redis.rpush(channel, msgspec.msgpack.encode(message))

    async def group_add(self, group: str, channel: str) -> None:
        await self._redis.sadd(f"group {group}", channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._redis.srem(f"group {group}", channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        for channel in await self._redis.smembers(f"group {group}"):
            await self._redis.rpush(channel, msgspec.msgpack.encode(message))
