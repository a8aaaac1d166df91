"""Who is here, as far as this process knows: users, and an entry for each of their devices (rule PRS-1).

In memory alone: it is true while the connections last, and nobody asks for it afterwards.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from hubbub.engine.actor import user_key
from hubbub.presence import messages as wire
from hubbub.presence.messages import Here, State, UserId

HERE = ""
"""The process of a device that is connected to this one."""
REMEMBERED = 10_000
"""Users who are gone and of whom it is still known when they were last seen; the oldest are forgotten."""


class Device:
    """One connection of a user's, or the place that it has left for a moment."""

    __slots__ = ("id", "process", "since", "state")

    def __init__(self, id: str, state: Here, since: float, process: str = HERE) -> None:
        self.id = id
        self.state: Here = state
        self.since = since
        """In seconds since 1970."""
        self.process = process


class Person:
    """A user, the devices of all processes, and what the user has chosen."""

    __slots__ = ("chosen_at", "devices", "id", "invisible", "last_seen")

    def __init__(self, id: UserId) -> None:
        self.id = id
        self.devices: list[Device] = []
        self.invisible = False
        self.chosen_at = 0.0
        """When that was chosen; the latest choice counts, whichever process it was told to."""
        self.last_seen = 0.0
        """When others last saw the user, in seconds since 1970; 0 where that isn't known."""

    @property
    def state(self) -> State:
        if any(device.state == "online" for device in self.devices):
            return "online"
        return "away" if self.devices else "offline"

    @property
    def worth_keeping(self) -> bool:
        return bool(self.devices or self.last_seen or self.chosen_at)

    def active_until(self, now: float) -> float:
        """When the user was last at any device, which may be now."""
        return now if self.state == "online" else max((each.since for each in self.devices), default=self.last_seen)

    def seen(self, at: float) -> None:
        """The user was there at that time, for others to see."""
        if not self.invisible:
            self.last_seen = max(self.last_seen, at)

    def choose(self, invisible: bool, at: float, now: float) -> bool:
        """Take a choice over, unless a later one is known. Returns whether anything has changed."""
        if at <= self.chosen_at:
            return False
        changed = invisible != self.invisible
        if invisible and self.devices:
            self.seen(self.active_until(now))
        self.invisible, self.chosen_at = invisible, at
        return changed

    def as_told(self, to_self: bool) -> wire.Presence:
        """What others are told, or the user."""
        if self.invisible and not to_self:
            return wire.Presence(self.id, "offline", time_of(self.last_seen))
        state = self.state
        devices = [wire.Device(each.id, each.state, datetime.fromtimestamp(each.since, UTC)) for each in self.devices]
        seen = None if state == "online" else time_of(self.active_until(0.0))
        return wire.Presence(self.id, state, seen, devices, self.invisible)


def time_of(at: float) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at else None


class People:
    """Everybody of whom something is known, by ``Actor.key``."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self._gone: dict[str, None] = {}
        """Those without a device, the one who has been gone for longest first."""
        self.certain: set[str] | None = None
        """While it is not known yet who is invisible: those of whom it is; the rest is shown to nobody else."""

    def __len__(self) -> int:
        return len(self._people)

    def __iter__(self) -> Iterator[tuple[str, Person]]:
        return iter(list(self._people.items()))

    def find(self, key: str) -> Person | None:
        return self._people.get(key)

    def make(self, id: UserId) -> Person:
        """The person of that id, to be changed and then settled."""
        key = user_key(id)
        return self._people.get(key) or self._people.setdefault(key, Person(id))

    def settle(self, key: str) -> None:
        """Keep somebody who has changed where that is worth it."""
        person = self._people[key]
        self._gone.pop(key, None)
        if person.devices:
            return
        if not person.worth_keeping:
            del self._people[key]
            return
        self._gone[key] = None
        if len(self._gone) > REMEMBERED:
            oldest = next(iter(self._gone))
            del self._gone[oldest], self._people[oldest]

    def as_told(self, key: str, id: UserId, to_self: bool) -> wire.Presence:
        person = self._people.get(key)
        if person is None or not (to_self or self._may_be_shown(key, person)):
            return wire.Presence(id, "offline")
        return person.as_told(to_self)

    def _may_be_shown(self, key: str, person: Person) -> bool:
        return self.certain is None or key in self.certain or bool(person.chosen_at)
