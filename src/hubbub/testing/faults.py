"""What may go wrong on the way: by script, or by chance from a seed. The same seed, the same faults."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar, get_args

T = TypeVar("T")

Fate = Literal["pass", "drop", "duplicate", "reorder"]
"""What happens to one item. ``reorder`` lets the next one overtake it."""


class Faults(Generic[T]):
    """Decides the fate of each item that travels one way. Without a script or chances everything passes.

    ``Faults(seed=7, drop=0.1, duplicate=0.1)`` decides by chance: each number is the share of items.
    ``only(item)`` says which items are concerned; the others pass and use up nothing.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        drop: float = 0.0,
        duplicate: float = 0.0,
        reorder: float = 0.0,
        only: Callable[[T], bool] = lambda item: True,
    ) -> None:
        self.only = only
        self.happened: Counter[Fate] = Counter()
        """How many items met which fate."""
        self._script: deque[Fate] = deque()
        self._held: list[T] = []
        self.by_chance(seed=seed, drop=drop, duplicate=duplicate, reorder=reorder)

    def next(self, *fates: Fate) -> None:
        """Say what happens to the next items, one word for each. Raises ValueError for a word that is none."""
        for fate in fates:
            if fate not in get_args(Fate):
                raise ValueError(f"{fate!r} is no fate; there are {', '.join(get_args(Fate))}.")
        self._script.extend(fates)

    def by_chance(self, *, seed: int = 0, drop: float = 0.0, duplicate: float = 0.0, reorder: float = 0.0) -> None:
        """Decide by chance from here on, after what ``next`` was told. Each number is the share of items."""
        self._chance = random.Random(seed)
        self._shares: tuple[tuple[Fate, float], ...] = (("drop", drop), ("duplicate", duplicate), ("reorder", reorder))

    def heal(self) -> list[T]:
        """No more faults. Returns what was held back, to be delivered now."""
        self._script.clear()
        self.by_chance()
        held, self._held = self._held, []
        return held

    def through(self, item: T) -> list[T]:
        """What arrives now that ``item`` was sent, in this order."""
        if not self.only(item):
            return [item]
        fate = self._fate()
        self.happened[fate] += 1
        if fate == "reorder":
            self._held.append(item)
            return []
        if fate == "drop":
            return []
        held, self._held = self._held, []
        return [item, *([item] if fate == "duplicate" else []), *held]

    def _fate(self) -> Fate:
        if self._script:
            return self._script.popleft()
        drawn = self._chance.random()
        for fate, share in self._shares:
            if drawn < share:
                return fate
            drawn -= share
        return "pass"


class Way(Generic[T]):
    """One direction of a connection in memory. ``deliver`` is called with what arrives."""

    def __init__(self, deliver: Callable[[T], Any]) -> None:
        self.faults: Faults[T] = Faults()
        self._deliver = deliver
        self._waiting: deque[T] = deque()
        self._open = asyncio.Event()
        self._open.set()

    @property
    def stalled(self) -> bool:
        return not self._open.is_set()

    async def opened(self) -> None:
        """Wait while it is stalled."""
        await self._open.wait()

    def put(self, item: T) -> None:
        """Send an item; while the way is stalled it waits."""
        self._waiting.append(item)
        self._go_on()

    def next(self, *fates: Fate) -> None:
        """Say what happens to the next items: ``pass``, ``drop``, ``duplicate`` or ``reorder``."""
        self.faults.next(*fates)

    def stall(self) -> None:
        """Nothing arrives until ``resume``."""
        self._open.clear()

    def resume(self) -> None:
        self._open.set()
        self._go_on()

    def heal(self) -> None:
        """No more faults; what was held back arrives."""
        for item in self.faults.heal():
            self._deliver(item)
        self.resume()

    def _go_on(self) -> None:
        while self._waiting and not self.stalled:
            for each in self.faults.through(self._waiting.popleft()):
                self._deliver(each)
