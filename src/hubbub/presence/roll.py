"""The roll of who is here: what a session's coming, going and word do to presence (rules PRS-1, PRS-4 and PRS-5)."""

from typing import NamedTuple

import msgspec

from hubbub.django.conf import hubbub_settings
from hubbub.engine.control import CONTROL_TOPIC, AccessRevoked
from hubbub.engine.engine import Engine
from hubbub.engine.parts import engine_part
from hubbub.engine.ports import NoRelay
from hubbub.engine.session import Session
from hubbub.presence.lookers import Lookers
from hubbub.presence.messages import Here
from hubbub.presence.people import Device, People
from hubbub.presence.processes import Processes
from hubbub.presence.signals import Signalling
from hubbub.protocol.close import Close
from hubbub.protocol.frames import Event

ARRIVE_SECONDS = 2.0
"""How long a client may take to say how it is; after that its device is online."""
ID_LENGTH = 12
"""Of a device's id, which begins as its session's does."""


class _Left(NamedTuple):
    """A device whose connection is gone."""

    until: float
    """The monotonic time at which it is taken off, unless somebody has come back to it."""
    at: float
    """When it went, in seconds since 1970."""
    key: str


@engine_part
class Roll:
    """The presence of one engine's users, and of those of other processes. On the engine's loop only.

    Everything that changes passes ``_changed``: the one place for whoever wants to hear of it in Python.
    """

    def __init__(self, engine: Engine) -> None:
        settings = hubbub_settings()
        self._engine = engine
        self._clock = engine.clock
        self._grace = settings.presence_grace
        self.people = People()
        self.lookers = Lookers(engine, self.people)
        self._here: dict[Session, Device] = {}
        self._arriving: dict[Session, float] = {}
        """Sessions that have said nothing yet, and until when that is waited for, in this order."""
        self._left: dict[Device, _Left] = {}
        """Devices without a connection, in the order in which they are taken off."""
        alone = isinstance(engine.hub.relay, NoRelay)
        self._signals = Signalling(engine, self.people)
        self._processes = (
            None if alone else Processes(engine, self.people, self._changed, self._speak_for, settings.presence_lease)
        )
        self._age = engine.hub.parted.age
        engine.hub.follow(CONTROL_TOPIC, self._obey)

    # What sessions do

    def began(self, session: Session) -> None:
        actor = session.actor
        if actor.user_id is None or session.closing is not None:
            return
        self._arriving[session] = self._clock.monotonic() + ARRIVE_SECONDS
        person = self.people.find(actor.key)
        for device in person.devices if person else ():
            if device in self._left:
                # Somebody is back, and nobody has noticed.
                del self._left[device]
                self._here[session] = device
                return

    def ended(self, session: Session) -> None:
        self._arriving.pop(session, None)
        self.lookers.drop(session)
        device = self._here.pop(session, None)
        if device is None:
            return
        left = _Left(self._clock.monotonic() + self._grace, self._clock.now().timestamp(), session.actor.key)
        if session.closing is Close.NOT_AUTHENTICATED or self._grace <= 0:
            self._take_off(device, left)  # Who has signed out does not come back in a moment.
        else:
            self._left[device] = left

    def say(self, session: Session, state: Here) -> None:
        """The session's user is there, or is away from that device."""
        self._arriving.pop(session, None)
        actor, now = session.actor, self._clock.now().timestamp()
        if actor.user_id is None or session.closing is not None:
            return
        device = self._here.get(session)
        if device is None:
            device = self._here[session] = Device(session.id[:ID_LENGTH], state, now)
            self.people.make(actor.user_id).devices.append(device)
            self.people.settle(actor.key)
        elif device.state != state:
            device.state, device.since = state, now
        else:
            return
        self._changed_here(actor.key)

    def choose(self, session: Session, invisible: bool) -> None:
        """The session's user wants to be seen, or not to be, on any device."""
        actor, now = session.actor, self._clock.now().timestamp()
        if actor.user_id is None:
            return
        person = self.people.make(actor.user_id)
        # What was never chosen is said as well: another process may know of a choice that has not come here yet.
        if invisible != person.invisible or not person.chosen_at:
            # Later than any choice that is known, whatever other machines' clocks say.
            person.choose(invisible, max(now, person.chosen_at + 0.001), now)
            self._changed_here(actor.key)
        self.people.settle(actor.key)

    def sweep(self) -> None:
        now = self._clock.monotonic()
        while self._arriving and self._arriving[session := next(iter(self._arriving))] <= now:
            self.say(session, "online")
            self._arriving.pop(session, None)
        while self._left and self._left[device := next(iter(self._left))].until <= now:
            self._take_off(device, self._left.pop(device))
        if self._processes is not None:
            self._processes.sweep()
        if self._age != self._engine.hub.parted.age:
            self._age = self._engine.hub.parted.age
            self.lookers.doubt_all()

    def _take_off(self, device: Device, left: _Left) -> None:
        person = self.people.find(left.key)
        if person is None or device not in person.devices:
            return
        person.seen(left.at if device.state == "online" else device.since)
        person.devices.remove(device)
        self.people.settle(left.key)
        self._changed_here(left.key)

    def _changed_here(self, key: str) -> None:
        self._changed(key)
        self._signals.changed(key, ours=True)
        if self._processes is not None:
            self._processes.announce(key)

    def _changed(self, key: str) -> None:
        """Somebody's presence is not as it was, here or in another process."""
        self.lookers.changed(key)
        self._signals.changed(key, ours=False)

    def _speak_for(self, key: str) -> None:
        """It is this process that says how somebody is now: the other is gone, or it was not certain before."""
        self._signals.changed(key, ours=True)

    def _obey(self, event: Event) -> None:
        """Who has no access to a conversation any more may have lost sight of those in it."""
        if event.type == "control.access_revoked":
            self.lookers.doubt(msgspec.json.decode(event.raw, type=AccessRevoked).actor)
