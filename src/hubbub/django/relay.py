"""Carries events to the other processes through a Channels layer, as the engine's port ``Relay``."""

import asyncio
import logging
from datetime import datetime
from typing import Any

from hubbub.engine.engine import Engine
from hubbub.layers.memory import InMemoryLayer
from hubbub.protocol.frames import Happening

logger = logging.getLogger("hubbub.relay")

MESSAGE_TYPE = "hubbub.event"


class NoRelay:
    """One process: there is nobody else to tell."""

    def start(self, engine: Engine) -> None:
        return None

    async def stop(self) -> None:
        return None

    async def join(self, topic: str) -> None:
        return None

    async def leave(self, topic: str) -> None:
        return None

    def send(self, event: Happening) -> None:
        return None


class LayerRelay:
    """One channel for the process; it joins a topic's group while somebody here follows the topic."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._channel = ""
        self._engine: Engine | None = None
        self._ready = asyncio.Event()
        self._outgoing: asyncio.Queue[Happening] = asyncio.Queue(maxsize=10_000)

    def start(self, engine: Engine) -> None:
        self._engine = engine
        engine.tasks.spawn(self._receive(engine), "relay receiver")
        engine.tasks.spawn(self._send_all(), "relay sender")

    async def stop(self) -> None:
        """The engine's task group ends both loops."""

    async def join(self, topic: str) -> None:
        await self._ready.wait()
        await self._layer.group_add(topic, self._channel)

    async def leave(self, topic: str) -> None:
        await self._ready.wait()
        if self._engine is not None and topic in self._engine.hub.topics:
            return  # Somebody has come back meanwhile.
        await self._layer.group_discard(topic, self._channel)

    def send(self, event: Happening) -> None:
        try:
            self._outgoing.put_nowait(event)
        except asyncio.QueueFull:
            logger.warning("the relay is behind: an event of %s is left to the log", event.topic)

    async def _send_all(self) -> None:
        await self._ready.wait()
        while True:
            event = await self._outgoing.get()
            try:
                await self._layer.group_send(event.topic, to_message(event, self._channel))
            except Exception:
                logger.warning("the layer did not take an event of %s", event.topic, exc_info=True)

    async def _receive(self, engine: Engine) -> None:
        self._channel = await self._layer.new_channel("hubbub")
        self._ready.set()
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except Exception:
                logger.warning("the layer is away; the log is followed without it", exc_info=True)
                await engine.clock.sleep(1.0)
                engine.hub.catch_up()
                continue
            if message.get("type") == MESSAGE_TYPE and message.get("from") != self._channel:
                engine.hub.deliver(from_message(message))


def relay_over(layer: Any) -> LayerRelay | NoRelay:
    """The relay for a layer; none where the layer does not leave the process anyway."""
    return NoRelay() if layer is None or isinstance(layer, InMemoryLayer) else LayerRelay(layer)


def to_message(event: Happening, channel: str) -> dict[str, Any]:
    """An event as a layer message: plain types only, nothing pickled."""
    return {
        "type": MESSAGE_TYPE,
        "from": channel,
        "topic": event.topic,
        "event": event.type,
        "data": event.raw.decode(),
        "at": event.created_at.isoformat(),
        "epoch": event.epoch,
        "offset": event.offset,
        "author": event.author,
        "skip": event.skip,
        "key": event.key,
    }


def from_message(message: dict[str, Any]) -> Happening:
    return Happening(
        message["topic"],
        message["event"],
        message["data"].encode(),
        created_at=datetime.fromisoformat(message["at"]),
        epoch=message["epoch"],
        offset=message["offset"],
        author=message["author"],
        skip=message["skip"],
        key=message["key"],
    )
