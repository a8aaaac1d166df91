"""What the server's processes tell each other of who is here, over the engine's relay (rule PRS-6).

Each process tells the others of its own people, by numbered announcements, and three times in a lease that it still
lives. Whoever misses a number asks for all, so that an announcement may be lost, come twice or out of order. The people
of a process of which nothing was heard for a lease are gone.
"""

import secrets
from collections.abc import Callable

import msgspec

from hubbub.engine.actor import user_key
from hubbub.engine.batch import Batch
from hubbub.engine.engine import Engine, make_ephemeral
from hubbub.engine.logs import quiet_logger
from hubbub.presence.messages import Here
from hubbub.presence.people import HERE, Device, People, Person
from hubbub.presence.soon import Soon
from hubbub.presence.topics import PROCESSES
from hubbub.protocol.frames import Event, Position
from hubbub.protocol.registry import event

logger = quiet_logger("hubbub.presence")

ANNOUNCE_SECONDS = 0.2
"""How long what is to be said waits for more."""
RENEWALS = 3
"""How often a process is heard of in one lease."""
LEARN_SECONDS = 1.0
"""How long a process that starts waits for what the others know: until then it shows nobody of whom none has spoken."""
IN_ONE_ANNOUNCEMENT = 500
ALL = "*"
"""Asks every process for its people."""


class Row(msgspec.Struct, array_like=True):
    """A user, and the devices that are connected to the announcing process."""

    user: int | str
    devices: list[tuple[str, Here, float]]
    """Each one's id, state, and since when, in seconds since 1970."""
    last_seen: float
    invisible: bool
    chosen_at: float


@event("presence.announced", ephemeral=True, internal=True)
class Announced(msgspec.Struct):
    """What a process says of its people."""

    process: str
    number: int
    """Counts the process's announcements with rows; one without them repeats the last number."""
    rows: list[Row] = []
    begins: bool = False
    """Whether all that the process knows follows, from these rows on."""
    ends: bool = False
    """Whether that was all."""
    asks: list[str] = []
    """The processes that are to say all they know."""


class _Other:
    """What is known of another process."""

    __slots__ = ("asked_at", "behind", "heard_at", "keys", "number", "told")

    def __init__(self, now: float) -> None:
        self.number = 0
        self.heard_at = now
        self.asked_at = float("-inf")
        self.behind = False
        """Whether it has said something that did not come."""
        self.keys: set[str] = set()
        """Its people."""
        self.told: set[str] | None = None
        """Whom it has named since it began to say all; None where it doesn't."""


class Processes:
    """This process's end of the talk. On the engine's loop only."""

    def __init__(
        self,
        engine: Engine,
        people: People,
        changed: Callable[[str], None],
        speak_for: Callable[[str], None],
        lease: float,
    ) -> None:
        self.id = secrets.token_hex(8)
        self._engine = engine
        self._people = people
        self._changed = changed
        self._speak_for = speak_for
        """Called for those who are seen otherwise now by nobody's doing, in one process."""
        self._lease = lease
        self._others: dict[str, _Other] = {}
        self._number = 0
        self._due: dict[str, None] = {}
        """Those of whom something is to be said."""
        self._all_wanted = False
        self._asks: set[str] = {ALL}
        self._renewed_at = engine.clock.monotonic()
        self._say_soon = Soon(engine, ANNOUNCE_SECONDS, self._say, "presence in other processes")
        people.certain = set()
        self._learned_soon = Soon(engine, LEARN_SECONDS, self._learned, "presence of those who are invisible")
        engine.hub.add(PROCESSES, self)
        self._say_soon()
        self._learned_soon()

    # Saying

    def announce(self, key: str) -> None:
        """Something about one of this process's people is not as it was."""
        self._due[key] = None
        self._say_soon()

    async def _say(self) -> None:
        asks, self._asks = sorted(self._asks), set()
        wanted, self._all_wanted = self._all_wanted, False
        keys = [key for key, _ in self._people] if wanted else list(self._due)
        self._due.clear()
        rows = [row for key in keys if (row := self._row(key, named=not wanted))]
        if wanted or rows:
            self._say_rows(rows, wanted)
        if asks:
            self._send(Announced(self.id, self._number, asks=asks))

    def _say_rows(self, rows: list[Row], all_of_them: bool) -> None:
        parts = [rows[at : at + IN_ONE_ANNOUNCEMENT] for at in range(0, len(rows), IN_ONE_ANNOUNCEMENT)] or [[]]
        for index, part in enumerate(parts):
            self._number += 1
            begins, ends = all_of_them and index == 0, all_of_them and index == len(parts) - 1
            self._send(Announced(self.id, self._number, part, begins, ends))

    def _row(self, key: str, named: bool) -> Row | None:
        """What is to be said of somebody; None of who is connected to others alone, unless it is asked by name."""
        person = self._people.find(key)
        if person is None:
            return None
        devices = [(each.id, each.state, each.since) for each in person.devices if each.process == HERE]
        if not devices and person.devices and not named:
            return None
        return Row(person.id, devices, person.last_seen, person.invisible, person.chosen_at)

    def _send(self, announced: Announced) -> None:
        self._renewed_at = self._engine.clock.monotonic()
        self._engine.hub.relay.send(make_ephemeral(self._engine.clock, PROCESSES, announced))

    # Hearing

    def deliver(self, batch: Batch) -> None:
        for each in batch.events:
            self._hear(each)

    def reset(self, position: Position, reason: str) -> None:
        return None  # The topic has no stream.

    def _hear(self, event: Event) -> None:
        try:
            said = msgspec.json.decode(event.raw, type=Announced)
        except msgspec.DecodeError as error:
            logger.warning("another process is not understood: %s. Do all run the same version?", error)
            return
        if said.process == self.id:
            return
        if ALL in said.asks or self.id in said.asks:
            self._all_wanted = True
            self._say_soon()
        now = self._engine.clock.monotonic()
        other = self._others.setdefault(said.process, _Other(now))
        if not self._follows(said, other, now):
            return
        other.heard_at, other.number = now, said.number
        for row in said.rows:
            self._take(row, said.process, other)
        if said.ends and other.told is not None:
            for key in other.keys - other.told:
                self._let_go(key, said.process, other)
            other.told = None

    def _follows(self, said: Announced, other: _Other, now: float) -> bool:
        """Whether it is what comes next; if something is missing, all is asked for."""
        if said.begins:
            if said.number <= other.number:
                return False
            other.behind, other.told = False, set()
            return True
        expected = other.number + bool(said.rows)
        if said.number < expected:
            return False  # A repetition.
        if said.number == expected and not other.behind:
            return True
        other.behind, other.heard_at = True, now
        if now - other.asked_at >= self._lease / RENEWALS:
            other.asked_at = now
            self._asks.add(said.process)
            self._say_soon()
        return False

    def _take(self, row: Row, process: str, other: _Other) -> None:
        """Let somebody be as another process says."""
        key = user_key(row.user)
        person = self._people.make(row.user)
        before = _known(person)
        # First the choice: what the rest says is then seen by others, or not.
        person.choose(row.invisible, row.chosen_at, row.chosen_at)
        person.last_seen = max(person.last_seen, row.last_seen)
        person.devices = [each for each in person.devices if each.process != process]
        person.devices += [Device(id, state, since, process) for id, state, since in row.devices]
        (other.keys.add if row.devices else other.keys.discard)(key)
        if other.told is not None:
            other.told.add(key)
        changed = self._make_certain(key) or _known(person) != before
        self._people.settle(key)
        if changed:
            self._changed(key)

    def _make_certain(self, key: str) -> bool:
        """Somebody may be shown from now on. Returns whether that is new."""
        certain = self._people.certain
        if certain is None or key in certain:
            return False
        certain.add(key)
        return True

    async def _learned(self) -> None:
        """Whoever has something to say of anybody has said it."""
        if any(other.told is not None for other in self._others.values()):
            self._learned_soon()  # Somebody is still about it.
            return
        certain, self._people.certain = self._people.certain or set(), None
        for key, person in self._people:
            if key not in certain:
                self._changed(key)
                if any(each.process == HERE for each in person.devices):
                    self._speak_for(key)

    def _let_go(self, key: str, process: str, other: _Other, seen_at: float = 0.0) -> None:
        """Somebody is not connected to another process any longer."""
        other.keys.discard(key)
        person = self._people.find(key)
        if person is None:
            return
        if seen_at:
            person.seen(person.active_until(seen_at))
        person.devices = [each for each in person.devices if each.process != process]
        self._people.settle(key)
        self._changed(key)

    def sweep(self) -> None:
        """Say that this process lives, and give up those of which nothing was heard."""
        now = self._engine.clock.monotonic()
        if now - self._renewed_at >= self._lease / RENEWALS:
            self._send(Announced(self.id, self._number))
        for process, other in list(self._others.items()):
            if now - other.heard_at >= self._lease:
                del self._others[process]
                logger.info("process %s is heard of no more: its %d people are gone", process, len(other.keys))
                last = self._engine.clock.now().timestamp() - (now - other.heard_at)
                for key in list(other.keys):
                    self._let_go(key, process, other, last)
                    if self.id < min(self._others, default="~"):
                        self._speak_for(key)


def _known(person: Person) -> object:
    return person.invisible, person.last_seen, [(each.id, each.state, each.since) for each in person.devices]
