"""What a careful client does: it remembers positions, resumes, and repeats what was not answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hubbub.testing import FakeConnection

Now = Callable[[], AbstractContextManager[None]]
"""Lets what is done within happen on the server's loop."""


@dataclass
class Sent:
    """A message that somebody means to send, once."""

    user: str
    topic: str
    content: str
    """Of its own, and its ``client_id`` too."""
    reply: dict[str, Any] | None = None
    refused: bool = False


@dataclass
class Followed:
    """What a device has seen of a topic."""

    epoch: str
    offset: int
    """Up to here it has everything."""
    events: list[tuple[int, str, int]] = field(default_factory=list)
    """(offset, type, message id or 0), since it began here."""


class Violation(AssertionError):
    """A promise is broken."""


class Device:
    """One of a user's clients, over all its connections."""

    def __init__(self, name: str, user: str, note: Callable[[str], None], at_once: Now) -> None:
        self.name = name
        self.user = user
        self.connection: FakeConnection | None = None
        self.followed: dict[str, Followed] = {}
        self.live: set[str] = set()
        """Topics whose subscription was answered on this connection."""
        self.unanswered: dict[int, tuple[str, Any]] = {}
        """Commands under way on this connection: what, and whatever belongs to it."""
        self.closed: int | None = None
        self.resets: list[tuple[str, str, Followed | None, int]] = []
        """(topic, reason, how it was before, the new offset), to be judged by whoever knows what happened."""
        self.seen: list[tuple[str, int]] = []
        """(topic, offset) of all events, to be held against revocations."""
        self._note = note
        self._at_once = at_once
        self._read = 0
        self._ids = 0

    @property
    def online(self) -> bool:
        return self.connection is not None and self.connection.closed is None

    def opened(self, connection: FakeConnection) -> None:
        self.connection, self._read = connection, 0
        self.live.clear()
        self.unanswered.clear()

    def cut(self) -> None:
        if self.connection is not None and self.connection.closed is None:
            with self._at_once():
                self.connection.cut()
        self.unanswered.clear()
        self.live.clear()

    def ask(self, type: str, topic: str | None = None, data: Any = None, *, about: Any = None, **more: Any) -> None:
        assert self.connection is not None
        self._ids += 1
        frame = {"id": self._ids, "type": type, **({"topic": topic} if topic else {}), **more}
        if data is not None:
            frame["data"] = data
        self.unanswered[self._ids] = (type, about if about is not None else topic)
        self._note(f"{self.name} -> {json.dumps(frame)}")
        with self._at_once():
            self.connection.send_text(json.dumps(frame))

    def stop_reading(self) -> None:
        if self.connection is not None:
            self.connection.stall()

    def read_on(self, *, heal: bool = False) -> None:
        """Read again; and lose nothing more, where the way is to ``heal``."""
        if self.connection is not None:
            with self._at_once():
                self.connection.resume()
                if heal:
                    self.connection.to_client.heal()

    def waits_for(self, type: str, topic: str | None = None) -> bool:
        return (type, topic) in self.unanswered.values()

    def enter(self, topics: Sequence[str]) -> None:
        """Come back to these topics, where that is not done."""
        for topic in topics:
            if self.online and topic not in self.live and not self.waits_for("subscribe", topic):
                self._subscribe(topic)

    def _subscribe(self, topic: str) -> None:
        known = self.followed.get(topic)
        more = {"since": {"epoch": known.epoch, "offset": known.offset}} if known else {}
        self.ask("subscribe", topic, **more)

    def send(self, message: Sent) -> None:
        self.ask("chat.send", message.topic, {"content": message.content, "client_id": message.content}, about=message)

    def lose_next_answer(self) -> None:
        """The next reply to a send never arrives."""
        assert self.connection is not None
        self.connection.to_client.faults.only = self._answers_a_send
        self.connection.to_client.next("drop")

    def _answers_a_send(self, raw: bytes) -> bool:
        frame = msgspec.json.decode(raw)
        return self.unanswered.get(frame.get("id"), ("",))[0] == "chat.send"

    # Reading

    def read(self) -> None:
        """Take what has arrived. Raises Violation."""
        if self.connection is None:
            return
        while self._read < len(self.connection.frames):
            frame = self.connection.frames[self._read]
            self._read += 1
            self._note(f"{self.name} <- {json.dumps(frame, sort_keys=True)}")
            self._take(frame)
        if self.connection.closed is not None:
            if self.closed != self.connection.closed:
                self._note(f"{self.name} closed {self.connection.closed}")
            self.closed = self.connection.closed

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "reply":
            self._replied(frame)
        elif frame["type"] == "reset":
            self._start_afresh(frame["topic"], frame["data"]["position"], frame["data"]["reason"])
        elif frame["type"] == "unsubscribed":
            self.live.discard(frame["topic"])
        elif frame.get("offset") is not None:
            self._happened(frame["topic"], frame)

    def _replied(self, frame: dict[str, Any]) -> None:
        what, about = self.unanswered.pop(frame["id"])
        ok = frame.get("ok")
        if what == "subscribe":
            if ok is not None:
                self._subscribed(about, ok)
        elif what == "chat.send":
            if ok is None:  # Another device may have been let in since.
                about.refused = about.reply is None and not frame["error"]["temporary"]
            elif about.reply is not None and _plain(about.reply) != _plain(ok):
                raise Violation(f"{about.content} was answered {about.reply}, and then {ok}")
            else:
                about.reply, about.refused = ok, False
        elif what == "chat.read" and ok is not None:
            about.append(ok["number"])

    def _subscribed(self, topic: str, ok: dict[str, Any]) -> None:
        self.live.add(topic)
        if reset := ok.get("reset"):
            self._start_afresh(topic, ok["position"], reset)
        elif topic not in self.followed:
            if ok["recovered"] or ok["events"]:
                raise Violation(f"{self.name} asked for nothing of {topic}, and was told {ok}")
            self.followed[topic] = Followed(**ok["position"])
        for event in ok["events"]:
            self._happened(topic, event)
        if self.followed[topic].offset != ok["position"]["offset"]:
            raise Violation(
                f"{self.name} was told of {ok['position']} in {topic}, and stands at {self.followed[topic]}"
            )

    def _start_afresh(self, topic: str, position: dict[str, Any], reason: str) -> None:
        self.resets.append((topic, reason, self.followed.get(topic), position["offset"]))
        self.followed[topic] = Followed(**position)

    def _happened(self, topic: str, event: dict[str, Any]) -> None:
        self.seen.append((topic, event["offset"]))
        if topic not in self.followed or topic not in self.live:
            raise Violation(f"{self.name} sees {event} of {topic}, which it does not follow")
        self._record(topic, event)

    def _record(self, topic: str, event: dict[str, Any]) -> None:
        offset, known = event["offset"], self.followed[topic]
        if offset != known.offset + 1:
            raise Violation(f"{self.name} sees {event} of {topic} after offset {known.offset}")
        data = event["data"]
        about = data["message"]["id"] if event["type"] == "chat.message_sent" else data.get("message_id", 0)
        known.offset = offset
        known.events.append((offset, event["type"], about))


def _plain(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply without what a deletion takes out of it later."""
    return {**reply, "message": {**reply["message"], "content": "", "deleted": False}}
