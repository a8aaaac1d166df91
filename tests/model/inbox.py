"""A device that follows all of its user's conversations at once, as the UI does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hubbub.testing import FakeConnection
from tests.model.device import Device, Followed, Violation


class InboxDevice(Device):
    """Subscribes to nothing by itself: the server does, at first and with each conversation that is joined."""

    def opened(self, connection: FakeConnection) -> None:
        super().opened(connection)
        self.following = False
        """Whether the inbox was answered on this connection."""
        self._held: dict[str, list[dict[str, Any]]] = {}
        """By topic what has come before the word that it is the user's."""
        self.again: set[str] = set()
        """Topics that have ended on this connection: where they go on, some may come twice."""

    def enter(self, topics: Sequence[str]) -> None:
        if self.online and not self.following and not self.waits_for("inbox.subscribe"):
            since = {topic: {"epoch": each.epoch, "offset": each.offset} for topic, each in self.followed.items()}
            self.ask("inbox.subscribe", None, {"since": since})

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "unsubscribed":
            self.again.add(frame["topic"])
        if frame["type"] == "reset" and frame["topic"] not in self.followed:
            self._held.setdefault(frame["topic"], []).append(frame)
            return
        if frame["type"] == "reset" and frame["topic"].startswith("user."):
            self.following = False  # It does not know any more what the user was added to: it asks again.
        super()._take(frame)

    def _replied(self, frame: dict[str, Any]) -> None:
        if self.unanswered[frame["id"]][0] == "inbox.subscribe" and "ok" in frame:
            self._found(frame["ok"])
        super()._replied(frame)

    def _found(self, ok: dict[str, Any]) -> None:
        self.following = True
        for topic, position in ok["positions"].items():
            known = self.followed.get(topic)
            if topic in ok["reset"]:
                self._start_afresh(topic, position, "inbox")
            elif known is None or topic in self.again:
                self.followed[topic] = Followed(**position)
            elif (known.epoch, known.offset) != (position["epoch"], position["offset"]):
                raise Violation(f"{self.name} was told of {position} in {topic}, and stands at {known}")
            self._go_on(topic)
        for topic in self.followed.keys() - ok["positions"].keys() - self.live:
            del self.followed[topic]  # It is not the user's any more.

    def _happened(self, topic: str, event: dict[str, Any]) -> None:
        self.seen.append((topic, event["offset"]))
        known = self.followed.get(topic)
        if known is not None and topic in self.again and event["offset"] <= known.offset:
            return
        if topic not in self.live and (self.following or known is None or topic in self.again):
            self._held.setdefault(topic, []).append(event)
            if known is not None and topic in self.again:
                self._go_on(topic)
            return
        self._record(topic, event)  # Also what was missed, which comes before the answer.
        if event["type"] == "chat.conversation_added":
            self._added(event["data"]["conversation"]["topic"], event["data"]["position"])
        elif event["type"] == "chat.conversation_removed":
            self._removed(f"chat.{event['data']['conversation_id']}")

    def _added(self, topic: str, position: dict[str, Any]) -> None:
        known = self.followed.get(topic)
        if known is None or known.offset < position["offset"]:
            self.followed[topic] = Followed(**position)
        if self.following:
            self._go_on(topic)

    def _removed(self, topic: str) -> None:
        self.again.add(topic)
        self.followed.pop(topic, None)
        self.live.discard(topic)

    def _go_on(self, topic: str) -> None:
        """Take what was held as far as it follows; before a gap other word of the topic is still to come."""
        self.live.add(topic)
        held = self._held.pop(topic, [])
        while held:
            frame, known = held[0], self.followed[topic]
            if frame["type"] == "reset":
                if frame["data"]["position"]["offset"] > known.offset:
                    super()._take(frame)
            elif frame["offset"] == known.offset + 1:
                self._record(topic, frame)
            elif frame["offset"] > known.offset:
                self._held[topic] = held
                self.live.discard(topic)
                return
            del held[0]
