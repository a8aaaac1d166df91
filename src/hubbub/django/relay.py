"""Carries events to the other processes through a Channels layer, as the engine's port ``Relay``."""

import asyncio
from datetime import datetime
from typing import Any

from channels.exceptions import MessageTooLarge
from django.conf import settings as django_settings

from hubbub.engine import tracing
from hubbub.engine.counters import counters
from hubbub.engine.engine import Engine
from hubbub.engine.hub import Hub
from hubbub.engine.logs import quiet_logger
from hubbub.engine.ports import NoRelay, Relay
from hubbub.layers.memory import InMemoryLayer
from hubbub.protocol.frames import Event

logger = quiet_logger("hubbub.relay")
# A logger of its own: one that is back within a second must not be held back as a repetition.
back = quiet_logger("hubbub.relay.back")

MESSAGE_TYPE = "hubbub.event"


RETRY_SECONDS = 1.0
"""How long the layer is left alone after it has failed."""
AT_ONCE = 30
"""Events and topics that are handed to the layer before it has answered; other layers open a connection for each."""


class LayerRelay:
    """One channel for the process; it is in a topic's group while somebody here follows the topic."""

    def __init__(self, layer: Any, name: str = "") -> None:
        self._layer = layer
        self._name = name or type(layer).__name__
        self._away = False
        """Whether the layer has failed, and has not answered since."""
        self._channel = ""
        self._ready = asyncio.Event()
        self._outgoing: asyncio.Queue[Event] = asyncio.Queue(maxsize=10_000)
        self._groups: dict[str, bool] = {}
        """The groups that the channel is in; False for those of which the layer has said nothing certain."""
        self._changed: dict[str, None] = {}
        """Topics to be compared with their groups, in the order in which they came."""
        self._awake = asyncio.Event()

    def start(self, engine: Engine) -> None:
        for work in (self._listen, self._send_all, self._keep_groups):
            engine.tasks.spawn(work(engine), f"relay {work.__name__}")

    async def join(self, topic: str) -> None:
        self._look_at(topic)

    async def leave(self, topic: str) -> None:
        self._look_at(topic)

    def _look_at(self, *topics: str) -> None:
        self._changed.update(dict.fromkeys(topics))
        self._awake.set()

    def send(self, event: Event) -> None:
        try:
            self._outgoing.put_nowait(event)
        except asyncio.QueueFull:
            counters.dropped["relay_full"] += 1
            logger.warning("the relay is behind: an event of %s is left to the log", event.topic)

    async def _send_all(self, engine: Engine) -> None:
        await self._ready.wait()
        while True:
            events = [await self._outgoing.get()]
            while len(events) < AT_ONCE and not self._outgoing.empty():
                events.append(self._outgoing.get_nowait())
            topics: dict[str, list[Event]] = {}
            for event in events:
                topics.setdefault(event.topic, []).append(event)
            # Of one topic one after the other: ephemeral events have no number that would say their order.
            await asyncio.gather(*(self._send(each) for each in topics.values()))

    async def _send(self, events: list[Event]) -> None:
        for event in events:
            outcome, span = "", None
            if tracing.tracer is not None:
                kind = tracing.topic_kind(event.topic)
                span = tracing.tracer.begin("layer publish", events=[event], topic_kind=kind)
            try:
                await self._layer.group_send(event.topic, to_message(event, self._channel))
            except MessageTooLarge as error:
                outcome = "failed"
                logger.warning("an event of %s is left to the log: %s", event.topic, error)
            except Exception as error:
                outcome = "failed"
                self._failed(error)
            else:
                self._answered()
            finally:
                if span is not None:
                    span.end(outcome)

    async def _keep_groups(self, engine: Engine) -> None:
        """Bring the groups in line with what is followed here. Of one topic nothing overtakes."""
        await self._ready.wait()
        while True:
            await self._awake.wait()
            self._awake.clear()
            changed, self._changed = list(self._changed), {}
            failed: list[str] = []
            for start in range(0, len(changed), AT_ONCE):
                some = changed[start : start + AT_ONCE]
                done = await asyncio.gather(*(self._bring_in_line(topic, engine.hub) for topic in some))
                failed += [topic for topic, taken in zip(some, done, strict=True) if not taken]
            if failed:
                await engine.clock.sleep(RETRY_SECONDS)
                self._look_at(*failed)

    async def _bring_in_line(self, topic: str, hub: Hub) -> bool:
        """Join or leave the topic's group if need be. False where the layer did not take it."""
        wanted, groups = topic in hub.topics, self._groups
        if groups.get(topic) if wanted else topic not in groups:
            return True
        groups[topic] = False
        try:
            if wanted:
                await self._layer.group_add(topic, self._channel)
                groups[topic] = True
            else:
                await self._layer.group_discard(topic, self._channel)
                del groups[topic]
        except Exception as error:
            self._failed(error)
            return False
        if wanted:  # A layer may take the end of a membership without asking its server.
            self._answered()
        return True

    async def _listen(self, engine: Engine) -> None:
        # hubbub's own layer says when it has missed something; others fail to receive instead.
        on_reconnect = getattr(self._layer, "on_reconnect", None)
        end = on_reconnect(engine.hub.catch_up) if on_reconnect is not None else None
        try:
            await self._receive(engine)
        finally:
            if end is not None:
                end()

    async def _receive(self, engine: Engine) -> None:
        while True:
            try:
                if not self._channel:
                    self._channel = await self._layer.new_channel("hubbub")
                    self._ready.set()
                message = await self._layer.receive(self._channel)
            except Exception as error:
                self._failed(error)
                await engine.clock.sleep(RETRY_SECONDS)
                # It may have lost the groups too. Another dict: what is under way says nothing about them.
                self._groups = dict.fromkeys(self._groups, False)
                self._look_at(*self._groups, *engine.hub.topics)
                engine.hub.catch_up()
                continue
            if message.get("type") == MESSAGE_TYPE and message.get("from") != self._channel:
                try:
                    event = from_message(message)
                    age = (engine.clock.now() - event.created_at).total_seconds()
                    counters.arrivals.observe(max(0.0, age))
                    engine.hub.deliver(event)
                except Exception:  # Of another version, perhaps; what is durable comes by the log.
                    logger.exception("a message of another process could not be read")

    def _failed(self, error: Exception) -> None:
        """Say so once, not each time that it is tried."""
        if not self._away:
            self._away = True
            logger.warning(
                "The channel layer %s is away: %s. Other processes get durable events by the database meanwhile, and "
                "no typing or the like. Start it, or correct its hosts in CHANNEL_LAYERS.",
                self._name,
                str(error).rstrip(".") or type(error).__name__,
            )

    def _answered(self) -> None:
        if self._away:
            self._away = False
            back.warning("The channel layer %s is back.", self._name)


def relay_over(layer: Any, alias: str = "default") -> Relay:
    """The relay for a layer; none where the layer does not leave the process anyway."""
    if layer is None or isinstance(layer, InMemoryLayer):
        return NoRelay()
    return LayerRelay(layer, f"{alias!r} ({', '.join([type(layer).__name__, *hosts_of(alias)])})")


def hosts_of(alias: str) -> list[str]:
    """Where a layer's servers are, as its configuration says: host and port, never a password."""
    config = getattr(django_settings, "CHANNEL_LAYERS", {}).get(alias, {}).get("CONFIG", {})
    return [found for host in config.get("hosts", ()) if (found := _host(host))]


def _host(host: Any) -> str:
    if isinstance(host, dict):
        host = host.get("address") or ("host" in host and (host["host"], host.get("port", 6379)))
    if isinstance(host, str):
        return host.partition("?")[0].rpartition("@")[2]
    return ":".join(map(str, host[:2])) if isinstance(host, list | tuple) else ""


def to_message(event: Event, channel: str) -> dict[str, Any]:
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


def from_message(message: dict[str, Any]) -> Event:
    return Event(
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
