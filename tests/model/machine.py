"""What may happen, in any order: hypothesis chooses, and makes what it finds small."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.model.device import Device
from tests.model.process import DrivenWriter
from tests.model.world import DEVICES, PEOPLE, World

people = st.sampled_from(PEOPLE)
others = st.sampled_from(PEOPLE[1:])
devices = st.integers(0, len(PEOPLE) * len(DEVICES) - 1)
away = st.booleans()
group_or_room = st.sampled_from(("group", "room"))


class Machine(RuleBasedStateMachine):
    """The rules; ``World`` does them and knows what must hold."""

    template: ClassVar[Path]
    folder: ClassVar[Path]
    writer: ClassVar[type[DrivenWriter]] = DrivenWriter
    traces: ClassVar[list[list[str]]]

    world: World | None = None

    @initialize(seed=st.integers(0, 2**16), recent_bytes=st.sampled_from((32_000_000, 600, 0)))
    def begin(self, seed: int, recent_bytes: int) -> None:
        self.world = World(self.template, self.folder, seed, recent_bytes, self.writer)
        self.traces.append(self.world.trace)
        for device in self.world.devices[: 2 * len(DEVICES)]:  # Of the group's two members.
            self._enter(device)

    @property
    def it(self) -> World:
        assert self.world is not None
        return self.world

    def _enter(self, device: Device) -> None:
        """Connect and come back to all topics, as clients do."""
        it = self.it
        it.connect(device)
        device.enter((it.group, it.room, it.topic_of_user(device.user)))

    def _device(self, n: int) -> Device:
        return self.it.devices[n]

    @rule(n=devices)
    def enter(self, n: int) -> None:
        self._enter(self._device(n))

    @rule(n=devices)
    def cut(self, n: int) -> None:
        self.it.cut(self._device(n))

    @rule(n=devices)
    def come_back(self, n: int) -> None:
        self.it.cut(self._device(n))
        self._enter(self._device(n))
        self.it.resend(self._device(n), answered=False)

    @rule(n=devices, topic=group_or_room)
    def send(self, n: int, topic: str) -> None:
        self.it.send(self._device(n), getattr(self.it, topic))

    @rule(n=devices, topic=group_or_room, count=st.integers(2, 8))
    def send_many(self, n: int, topic: str, count: int) -> None:
        for _ in range(count):
            self.it.send(self._device(n), getattr(self.it, topic))

    @rule(n=devices, answered=st.booleans())
    def resend(self, n: int, answered: bool) -> None:
        self.it.resend(self._device(n), answered)

    @rule(n=devices)
    def lose_an_acknowledgement(self, n: int) -> None:
        device = self._device(n)
        if device.online:
            device.lose_next_answer()
            self.it.send(device, self.it.group)

    @rule(n=devices, number=st.one_of(st.none(), st.integers(0, 12)))
    def read(self, n: int, number: int | None) -> None:
        if self._device(n).user in self.it.members:
            self.it.read(self._device(n), number)

    @rule(user=others, away=away)
    def join(self, user: str, away: bool) -> None:
        self.it.join(user, away)

    @rule(user=others, away=away, itself=st.booleans())
    def part(self, user: str, away: bool, itself: bool) -> None:
        self.it.part(user, away, itself)

    @rule(user=others, away=away)
    def deactivate(self, user: str, away: bool) -> None:
        self.it.deactivate(user, away)

    @precondition(lambda self: self.world is not None and self.world.inactive)
    @rule(user=others)
    def reactivate(self, user: str) -> None:
        self.it.reactivate(user)

    @rule(away=away)
    def delete(self, away: bool) -> None:
        self.it.delete(away)

    @rule(user=people, topic=group_or_room)
    def send_elsewhere(self, user: str, topic: str) -> None:
        self.it.send_elsewhere(user, getattr(self.it, topic))

    @rule(n=devices)
    def stop_reading(self, n: int) -> None:
        self._device(n).stop_reading()

    @rule(n=devices)
    def read_on(self, n: int) -> None:
        self._device(n).read_on()

    @rule(topic=group_or_room, keep=st.integers(0, 4))
    def prune(self, topic: str, keep: int) -> None:
        self.it.prune(getattr(self.it, topic), keep)

    @rule()
    def new_epoch(self) -> None:
        self.it.new_epoch()

    @rule()
    def crash(self) -> None:
        self.it.crash()

    @rule(count=st.integers(1, 12))
    def turns(self, count: int) -> None:
        self.it.loop.turns(count)

    @rule(seconds=st.sampled_from((0.01, 0.03, 0.06, 1.0)))
    def time_passes(self, seconds: float) -> None:
        self.it.advance(seconds)

    @rule()
    def poll(self) -> None:
        self.it.poll()

    @rule()
    def settle(self) -> None:
        self.it.settle()

    @invariant()
    def nobody_sees_what_they_must_not(self) -> None:
        if self.world is not None:
            self.world.look()

    def teardown(self) -> None:
        if self.world is not None:
            try:
                if sys.exc_info()[0] is None:
                    self.world.settle()
                else:
                    note("\n".join(self.world.trace))
            except BaseException:
                note("\n".join(self.world.trace))
                raise
            finally:
                self.world.close()
