"""What other code in the project sends to groups of the channel layer, as the engine's port ``Groups``.

``group_send("notifications_7", {"type": "notification_message", ...})`` reaches the sockets that the table
``HUBBUB["GROUPS"]`` names (``group_table``): those that follow a topic and speak a format that shows such messages.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from django.utils.functional import Promise

from hubbub.django.group_table import GroupTable, group_table
from hubbub.django.relay import AT_ONCE, MESSAGE_TYPE, RETRY_SECONDS
from hubbub.engine.engine import Engine
from hubbub.engine.logs import quiet_logger
from hubbub.engine.ports import Groups, NoGroups
from hubbub.protocol.frames import Event
from hubbub.protocol.grouped import GROUP_SENT, read_message

logger = quiet_logger("hubbub.groups")
# A logger of its own: one that is back within a second must not be held back as a repetition.
back = quiet_logger("hubbub.groups.back")

JOIN_SECONDS = 1.0
"""How long somebody who connects waits for a layer that does not answer."""
ANSWER_SECONDS = 10.0
"""How long the layer may take over a group before the next one is tried."""
GROUP_EXPIRY = 86_400
"""Seconds that a layer keeps a channel in a group, where it does not say."""


class _Group:
    """A group that this process is in, and whom it is for."""

    __slots__ = ("channel", "name", "settled", "task", "topics")

    def __init__(self, name: str) -> None:
        self.name = name
        self.channel = ""
        """Its own: a message on a channel does not say which group it came by."""
        self.topics: Counter[str] = Counter()
        """How many here follow the topics that it reaches."""
        self.settled = asyncio.Event()
        """Set when the layer has taken the channel in, or has failed to."""
        self.task: asyncio.Task[None] | None = None


class LayerGroups:
    """Joins a group while somebody here follows a topic that it reaches, and hands what comes to the hub."""

    def __init__(self, layer: Any, table: GroupTable) -> None:
        self._layer = layer
        self._table = table
        self._groups: dict[str, _Group] = {}
        self._away = False
        """Whether the layer has failed, and has not answered since."""
        self._asking = asyncio.Lock()
        """Held by the one group that asks whether it is back."""
        self._joining = asyncio.Semaphore(AT_ONCE)
        self._engine: Engine | None = None

    def start(self, engine: Engine) -> None:
        self._engine = engine
        engine.tasks.spawn(self._stay(engine), "groups stay")

    async def join(self, topic: str, names: Sequence[str]) -> None:
        joined = [self._join(name, topic) for name in self._table.groups_of(names)]
        with suppress(TimeoutError):
            async with asyncio.timeout(JOIN_SECONDS):
                for group in joined:
                    await group.settled.wait()

    def _join(self, name: str, topic: str) -> _Group:
        group = self._groups.get(name)
        if group is None:
            assert self._engine is not None, "start it first"
            group = self._groups[name] = _Group(name)
            group.task = self._engine.tasks.spawn(self._listen(self._engine, group), f"group {name}")
        group.topics[topic] += 1
        return group

    def leave(self, topic: str, names: Sequence[str]) -> None:
        for name in self._table.groups_of(names):
            group = self._groups[name]
            group.topics[topic] -= 1
            if not group.topics[topic]:
                del group.topics[topic]
            if not group.topics:
                del self._groups[name]
                assert group.task is not None
                group.task.cancel()

    async def _listen(self, engine: Engine, group: _Group) -> None:
        try:
            while True:
                try:
                    await self._receive(engine, group)
                except Exception as error:
                    group.settled.set()
                    self._failed(error)
        finally:
            await self._give_up(group)

    async def _receive(self, engine: Engine, group: _Group) -> None:
        if self._away:
            group.settled.set()  # Who connects is not to wait until it is back.
        async with self._turn(engine):
            await self._give_up(group)
            group.channel = await self._layer.new_channel("hubbub")
            await self._layer.group_add(group.name, group.channel)
            group.settled.set()
            self._answered()
        while True:
            self._pass_on(engine, group, await self._layer.receive(group.channel))

    @asynccontextmanager
    async def _turn(self, engine: Engine) -> AsyncIterator[None]:
        """While the layer is away one group asks it every second, and the others wait; then they join, a few at once.

        Each that has failed goes to the end of the line: one whose name the layer refuses keeps no other out.
        """
        if self._away:
            async with self._asking:
                if self._away:
                    await engine.clock.sleep(RETRY_SECONDS)
                    async with asyncio.timeout(ANSWER_SECONDS):
                        yield
                    return
        async with self._joining, asyncio.timeout(ANSWER_SECONDS):
            yield

    async def _give_up(self, group: _Group) -> None:
        """Take the group's channel out, should the layer still have it."""
        channel, group.channel = group.channel, ""
        if channel:
            with suppress(Exception):
                async with asyncio.timeout(JOIN_SECONDS):
                    await self._layer.group_discard(group.name, channel)

    def _pass_on(self, engine: Engine, group: _Group, message: Any) -> None:
        """Show it to whoever follows the group's topics now. What cannot be shown is said in the log (rule FMT-6)."""
        try:
            sent = read_message(message)
            if sent.type == _OWN_TYPE:
                return
            raw = msgspec.json.encode(sent, enc_hook=_plain)
        except Exception as error:
            logger.warning("What was sent to the group %s cannot be shown: %s", group.name, error)
            return
        for topic in list(group.topics):
            engine.hub.deliver(Event(topic, GROUP_SENT, raw, created_at=engine.clock.now()))

    async def _stay(self, engine: Engine) -> None:
        """Say again in time that the channels are there: layers forget who has long been in a group."""
        while True:
            await engine.clock.sleep((getattr(self._layer, "group_expiry", 0) or GROUP_EXPIRY) / 3)
            for group in list(self._groups.values()):
                if group.channel:
                    with suppress(Exception):  # Whoever receives hears of it, and begins anew.
                        await self._layer.group_add(group.name, group.channel)

    def _failed(self, error: Exception) -> None:
        """Say so once, not for each group each time that it is tried."""
        if not self._away:
            self._away = True
            logger.warning(
                "The channel layer does not answer: %s. What other code sends to its groups (HUBBUB['GROUPS']) "
                "reaches no socket meanwhile.",
                str(error).rstrip(".") or type(error).__name__,
            )

    def _answered(self) -> None:
        if self._away:
            self._away = False
            back.warning("The channel layer answers again: its groups are joined.")


_OWN_TYPE = MESSAGE_TYPE.replace(".", "_")
"""hubbub's own, should a project name a group like a topic."""


def _plain(value: Any) -> Any:
    """What Django's own JSON knows beside msgspec's types: texts that are translated when they are read."""
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not for JSON")


def groups_over(layer: Any) -> Groups:
    """The groups of a layer; none where there is no layer."""
    return NoGroups() if layer is None else LayerGroups(layer, group_table())
