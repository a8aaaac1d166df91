"""People, their devices and one server process; and what must hold whatever they do, in plain Python."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
from django.contrib.auth.models import User
from django.test import override_settings

from hubbub.chat import actions
from hubbub.chat.models import Conversation, Message
from hubbub.chat.policy import topic_of
from hubbub.django import models
from hubbub.django.auth import actor_of_user
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.session import Session
from hubbub.protocol.dialect import V1_DIALECT
from hubbub.testing import FakeClock, FakeConnection
from tests.contracts.databases import sqlite_copy
from tests.model import promise
from tests.model.device import Device, Sent, Violation
from tests.model.inbox import InboxDevice
from tests.model.process import DrivenWriter, StandingLoop, all_by_the_seed, crash, elsewhere, off_the_loop, start

MAKER = "ann"
PEOPLE = (MAKER, "ben", "cat")
DEVICES = (Device, InboxDevice)
"""Of each of them."""
SETTINGS: dict[str, Any] = {
    "LIMITS": dict.fromkeys(("messages", "writes", "reads", "conversations"), "1000000/s"),
    "FRAME_RATE": "1000000/s",
    "RESUME_LIMIT": promise.RESUME_LIMIT,
    "OUTBOX_BYTES": 3000,
    "HEARTBEAT": 1_000_000,
    "GUESTS": True,
}


def make_people() -> None:
    """What every run begins with: a group of two, a room, and somebody who is in neither."""
    users = [User.objects.create_user(name) for name in PEOPLE]
    User.objects.create_user("staff", is_staff=True)
    actions.create_conversation(actor_of_user(users[0]), ["ben"], "the group")
    actions.join_room(actor_of_user(users[0]), "room")


class World:
    """What a run does, a step at a time, and what it knows. Every check raises Violation."""

    def __init__(self, template: Path, folder: Path, seed: int, recent_bytes: int, writer: type[DrivenWriter]) -> None:
        self.trace: list[str] = []
        self._chance = random.Random(seed)
        self._writer = writer
        self._stack = ExitStack()
        self._stack.enter_context(sqlite_copy(template, folder))
        self._stack.enter_context(override_settings(HUBBUB=SETTINGS | {"RECENT_BYTES": recent_bytes}))
        self.clock = FakeClock()
        self._stack.enter_context(all_by_the_seed(self.clock, seed))
        self.loop = StandingLoop(self.clock)
        self.process = start(self.loop, self.clock, self._chance, writer)
        self.users = {name: User.objects.get(username=name) for name in (*PEOPLE, "staff")}
        self.group, self.room = (topic_of(each.pk) for each in Conversation.objects.order_by("pk"))
        self.devices = [
            kind(f"{name}/{n}", name, self.trace.append, self.loop.running)
            for name in PEOPLE
            for n, kind in enumerate(DEVICES)
        ]
        self.sent: list[Sent] = []
        self.members = {MAKER, "ben"}
        self.inactive: set[str] = set()
        self.behind = False
        """Whether something was done elsewhere that this process may not have heard of."""
        self.ended: dict[tuple[str, str], int] = {}
        """(user, topic) to the offset after which the user sees no event of it."""
        self.ending: set[tuple[str, str]] = set()
        """The same, once this process has heard of it."""
        self.log: defaultdict[str, dict[int, tuple[str, int]]] = defaultdict(dict)
        """Topic to offset to (type, message id or 0): all that was ever in the log."""
        self.first: dict[str, int] = {}
        """Topic to the first offset that was not pruned."""
        self.epochs = 0
        """How often a backup was restored."""
        self.texts: dict[int, str] = {}
        self.base = dict.fromkeys(self.members, 0)
        """Where a member's cursor stood when they joined."""
        self.numbers: dict[str, list[int]] = {name: [] for name in PEOPLE}
        """Where the cursor was said to stand, answer by answer, since then."""
        self.unsure: set[str] = set()
        """Whose cursor may have moved without an answer."""

    def close(self) -> None:
        with self._stack:
            crash(self.loop, self.process)
            self.loop.close()

    # Sockets

    def connect(self, device: Device) -> None:
        if device.online:
            return
        user = User.objects.get(username=device.user)
        if not user.is_active:
            return
        connection = FakeConnection(device.name)
        session = connection.session = Session(
            self.process.engine, connection.sink, actor_of_user(user), V1_DIALECT, id=f"session-{device.name}"
        )
        self.loop.run_until_complete(session.open([], self.clock.monotonic()))
        device.closed = None
        device.opened(connection)

    def cut(self, device: Device) -> None:
        self._unsure_of(device)
        device.cut()

    def _unsure_of(self, device: Device) -> None:
        if any(what == "chat.read" for what, _ in device.unanswered.values()):
            self.unsure.add(device.user)

    # Commands

    def send(self, device: Device, topic: str) -> None:
        if device.online:
            self.sent.append(Sent(device.user, topic, f"{device.user}-{len(self.sent)}"))
            device.send(self.sent[-1])

    def resend(self, device: Device, answered: bool) -> None:
        """What has no answer, as a client does that comes back; or what has one, which nobody forbids."""
        mine = [each for each in self.sent if each.user == device.user and not each.refused]
        wanted = [each for each in mine if (each.reply is not None) == answered]
        if device.online and wanted:
            device.send(wanted[0 if answered else -1])

    def read(self, device: Device, number: int | None) -> None:
        if device.online:
            about = self.numbers[device.user]
            device.ask("chat.read", self.group, {"number": number}, about=about)

    # What is done by REST, in the admin, or by another process

    def act(self, away: bool, action: Any, who: str, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            if away:
                stack.enter_context(elsewhere())
                self.behind = True
            return action(actor_of_user(self.users[who]), *args, **kwargs)

    def send_elsewhere(self, user: str, topic: str) -> None:
        if user in self.inactive or (topic == self.group and user not in self.members):
            return
        message = Sent(user, topic, f"{user}-{len(self.sent)}")
        self.sent.append(message)
        made = self.act(True, actions.send_message, user, topic, message.content, client_id=message.content)
        message.reply = json.loads(msgspec.json.encode(made))

    def join(self, user: str, away: bool) -> None:
        if user in self.members or user in self.inactive:
            return
        self.harvest()
        self.act(away, actions.add_participants, MAKER, self.id_of(self.group), [user])
        self.members.add(user)
        self.ended.pop((user, self.group), None)
        self.ending.discard((user, self.group))
        self.base[user] = Conversation.objects.get(pk=self.id_of(self.group)).top_number
        self.numbers[user] = []
        for device in self.devices_of(user):
            self._unsure_of(device)

    def part(self, user: str, away: bool, itself: bool) -> None:
        """Leave, or be removed."""
        if user == MAKER or user not in self.members or user in self.inactive:
            return
        if itself:
            self.act(away, actions.leave, user, self.id_of(self.group))
        else:
            self.act(away, actions.remove_participants, MAKER, self.id_of(self.group), [user])
        self.members.discard(user)
        self._end(user, [self.group])

    def deactivate(self, user: str, away: bool) -> None:
        if user == MAKER or user in self.inactive:
            return
        self._set_active(user, False, away)
        self.inactive.add(user)
        self._end(user, [self.group, self.room, self.topic_of_user(user)])

    def reactivate(self, user: str) -> None:
        if user not in self.inactive:
            return
        self.settle()
        self._set_active(user, True, away=False)
        self.inactive.discard(user)
        for topic in (self.room, self.topic_of_user(user), *([self.group] if user in self.members else [])):
            self.ended.pop((user, topic), None)

    def _set_active(self, user: str, active: bool, away: bool) -> None:
        with ExitStack() as stack:
            if away:
                stack.enter_context(elsewhere())
                self.behind = True
            fresh = User.objects.get(username=user)
            fresh.is_active = active
            fresh.save(update_fields=["is_active"])

    def _end(self, user: str, topics: list[str]) -> None:
        self.harvest()
        for topic in topics:
            if self.behind:
                self.ending.add((user, topic))
            else:
                self.ended[user, topic] = self.top(topic)

    def delete(self, away: bool) -> None:
        """Delete the newest message for everybody."""
        self.harvest()
        newest = Message.objects.filter(deleted=False).order_by("-pk").first()
        if newest is not None:
            self.act(away, actions.delete_message, "staff", newest.pk)

    def prune(self, topic: str, keep: int) -> None:
        self.harvest()
        before = max(1, self.top(topic) + 1 - keep)
        if before > self.first.get(topic, 1):
            self.first[topic] = before
            self.behind = True
            with elsewhere():
                DjangoStreamStore().prune(topic, before)

    def new_epoch(self) -> None:
        """A backup is restored, in which nothing is missing."""
        self.harvest()
        self.behind = True
        self.epochs += 1
        with elsewhere():
            DjangoStreamStore().begin_epoch()

    # Time and trouble

    def poll(self) -> None:
        self.process.poll()
        self.loop.idle()
        self.behind = False
        self.harvest()
        for user, topic in self.ending:
            self.ended[user, topic] = self.top(topic)
        self.ending.clear()

    def advance(self, seconds: float) -> None:
        self.loop.run_until_complete(self.clock.advance(seconds))

    def crash(self) -> None:
        for device in self.devices:
            device.read()  # What it had by then.
            self.cut(device)
        crash(self.loop, self.process)
        self.harvest()
        self.process = start(self.loop, self.clock, self._chance, self._writer)
        self.poll()

    def look(self) -> None:
        """Let every device read, and hold what it sees against what is allowed."""
        for device in self.devices:
            device.read()
            for topic, offset in device.seen:
                if offset > self.ended.get((device.user, topic), offset):
                    raise Violation(
                        f"{device.name} sees offset {offset} of {topic}, which ended for {device.user} "
                        f"at {self.ended[device.user, topic]}"
                    )
            device.seen.clear()

    def settle(self) -> None:
        """Everything heals and arrives; then check all that must hold."""
        for device in self.devices:
            device.read_on(heal=True)
        self.loop.idle()
        self.advance(0.5)
        self.poll()
        self.advance(3.0)
        self.loop.idle()
        self.look()
        promise.check(self)

    # What is known

    def harvest(self) -> None:
        """Note what the log and the table say before somebody may take it out; they never say something else."""
        rows = models.Event.objects.order_by("pk").values_list("stream__topic", "offset", "type", "data")
        with off_the_loop():
            for topic, offset, type, data in rows:
                entry = (type, _about(type, data))
                if self.log[topic].setdefault(offset, entry) != entry:
                    raise Violation(f"{topic} {offset} was {self.log[topic][offset]}, and is {entry}")
            for id, content, deleted in Message.objects.values_list("pk", "content", "deleted"):
                if not deleted:
                    self.texts[id] = content

    def top(self, topic: str) -> int:
        return max(self.log[topic], default=0)

    def devices_of(self, user: str) -> list[Device]:
        return [device for device in self.devices if device.user == user]

    def topic_of_user(self, user: str) -> str:
        return f"user.{self.users[user].pk}"

    def id_of(self, topic: str) -> int:
        return int(topic.partition(".")[2])


def _about(type: str, data: str) -> int:
    payload = json.loads(data)
    return int(payload["message"]["id"] if type == "chat.message_sent" else payload.get("message_id", 0))
