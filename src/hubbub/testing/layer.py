"""A Channels layer that fails when told, around any other."""

import asyncio
from typing import Any

from hubbub.testing.faults import Faults

Message = tuple[str, str, dict[str, Any]]
"""The method (``send`` or ``group_send``), the channel or group, and the message."""


class FaultyLayer:
    """``FaultyLayer(InMemoryLayer(), Faults(seed=3, drop=0.1))``: what is sent meets these faults.

    ``stall`` and ``resume`` hold everything up, ``away`` makes every call fail, and ``lose_connection`` ends what
    is being received.
    """

    def __init__(self, layer: Any, faults: Faults[Message] | None = None) -> None:
        self.layer = layer
        self.faults: Faults[Message] = faults or Faults()
        self.away = False
        """Whether every call raises ConnectionError."""
        self.asked: list[tuple[str, str]] = []
        """Which changes of groups were asked for: (``group_add`` or ``group_discard``, group)."""
        self._groups: dict[str, set[str]] = {}
        self._open = asyncio.Event()
        self._open.set()
        self._lost = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layer, name)

    def members(self, group: str) -> set[str]:
        """The channels that were added to a group through this layer, and not taken out."""
        return set(self._groups.get(group, ()))

    def groups(self) -> list[str]:
        """The groups that have members, by name."""
        return sorted(group for group, members in self._groups.items() if members)

    # What a layer does

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._send(("send", channel, message))

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._send(("group_send", group, message))

    async def _send(self, item: Message) -> None:
        await self._pass()
        await self._deliver(self.faults.through(item))

    async def _deliver(self, items: list[Message]) -> None:
        for method, target, message in items:
            await getattr(self.layer, method)(target, message)

    async def group_add(self, group: str, channel: str) -> None:
        self.asked.append(("group_add", group))
        await self._pass()
        await self.layer.group_add(group, channel)
        self._groups.setdefault(group, set()).add(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self.asked.append(("group_discard", group))
        await self._pass()
        await self.layer.group_discard(group, channel)
        self._groups.get(group, set()).discard(channel)

    async def receive(self, channel: str) -> dict[str, Any]:
        received = asyncio.ensure_future(self.layer.receive(channel))
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait((received, lost), return_when=asyncio.FIRST_COMPLETED)
            if not received.done():
                raise ConnectionError("The connection to the layer is lost, as the test wants it.")
            message: dict[str, Any] = received.result()
            return message
        finally:
            received.cancel()
            lost.cancel()

    async def _pass(self) -> None:
        await self._open.wait()
        if self.away:
            raise ConnectionError("The layer is away, as the test wants it.")

    # What goes wrong

    def stall(self) -> None:
        """Hold up all that is sent and asked for, until ``resume``."""
        self._open.clear()

    def resume(self) -> None:
        self._open.set()

    async def lose_connection(self) -> None:
        """End what is being received with ConnectionError, and forget who was in which group, as a restart would."""
        for group, members in self._groups.items():
            for channel in members:
                await self.layer.group_discard(group, channel)
        self._groups.clear()
        self._lost.set()
        self._lost = asyncio.Event()

    async def heal(self) -> None:
        """No more faults; what was held back arrives."""
        self.away = False
        self.resume()
        await self._deliver(self.faults.heal())
