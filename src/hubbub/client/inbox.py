"""All of a user's conversations by one command (rule CHT-6)."""

import asyncio
from functools import partial
from typing import Any, Self

import msgspec

from hubbub.client.connection import Answer, Connection, encode_data
from hubbub.client.errors import Disconnected, TopicReset
from hubbub.client.frames import Event, InboxReply, ResetData, ServerFrame, read_event
from hubbub.client.inflow import Inflow
from hubbub.client.topic import Host
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Position

_ADDED = "chat.conversation_added"


class _Added(msgspec.Struct):
    conversation: dict[str, Any]
    position: Position


class Inbox:
    """The events of all the user's conversations, also of those joined later: ``async for event in inbox``.

    What is said of ``Topic`` holds here, too: every durable event once, and in the order of its topic;
    TopicReset where some of a topic's are missing; one task at a time.
    """

    def __init__(self, since: dict[str, Position], limit: int, host: Host) -> None:
        self.conversations: list[dict[str, Any]] = []
        """The user's conversations when the connection was made last, as the server shows them, newest first."""
        self._positions = dict(since)
        self._received = dict(since)
        self._host = host
        self._inflow = Inflow(limit)
        self._wanted = False
        self._live = False
        self._asking = False
        self._behind = False
        """Whether events of this session were passed over: the next one brings them."""
        self._attempts = 0
        self._early: list[ServerFrame] = []

    @property
    def positions(self) -> dict[str, Position]:
        """By topic: everything up to here was given to the caller. Keep it to pass it as ``since``."""
        return dict(self._positions)

    async def subscribe(self) -> list[dict[str, Any]]:
        """Follow the inbox; returns the conversations. Raises what the loop raises."""
        self._start()
        while not self._live:
            if self._inflow.end is not None:
                raise self._inflow.end
            await self._inflow.changed.wait()
        return self.conversations

    def close(self) -> None:
        """Get no more events; the loop ends. The server goes on to send them until the connection ends."""
        self._inflow.clear()
        self.finish(StopAsyncIteration())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        self._start()
        item = await self._inflow.take()
        self._attend()
        if isinstance(item, (Event, TopicReset)) and item.position is not None:
            self._positions[item.topic] = item.position
        if isinstance(item, Event):
            return item
        raise item

    # What the client tells

    def ready(self) -> None:
        self._attend()

    def lost(self) -> None:
        self._live = self._asking = self._behind = False
        self._early = []

    def finish(self, end: HubbubError | StopAsyncIteration) -> None:
        self._live = False
        self._inflow.finish(end)

    def receive(self, frame: ServerFrame, topic: str) -> None:
        """Take in a frame of any topic."""
        if not (self._live or self._asking) or self._behind or self._inflow.end is not None:
            return
        if frame.type == "unsubscribed":
            self._received.pop(topic, None)
        elif frame.type == "reset":
            data = msgspec.json.decode(frame.data, type=ResetData)
            self._reset(topic, data.reason, data.position)
        elif frame.offset is None:
            if topic in self._received and not self._inflow.full:
                self._inflow.put(read_event(frame, topic, ""))
        elif self._asking and topic not in self._received:
            self._early.append(frame)
        else:
            self._receive_event(frame, topic, frame.offset)

    def _receive_event(self, frame: ServerFrame, topic: str, offset: int) -> None:
        known = self._received.get(topic)
        if known is not None and offset <= known.offset:
            return
        if self._inflow.full or (known is not None and offset > known.offset + 1):
            # The server sends what it has sent already in another session only.
            self._behind = True
            self._attend()
            return
        # Of a conversation that was joined just now the epoch may not be known yet.
        event = read_event(frame, topic, known.epoch if known else "")
        assert event.position is not None
        self._received[topic] = event.position
        if frame.type == _ADDED:
            self._joined(msgspec.json.decode(frame.data, type=_Added))
        self._inflow.put(event)

    def _joined(self, added: _Added) -> None:
        """The server follows the conversation for this session, from just that position."""
        topic = added.conversation["topic"]
        known = self._received.get(topic)
        if known is None:
            self._received[topic] = added.position
        elif not known.epoch:
            self._received[topic] = Position(added.position.epoch, known.offset)

    def _reset(self, topic: str, reason: str, position: Position) -> None:
        self._received[topic] = position
        self._inflow.put(TopicReset(topic, reason, position))

    # Asking

    def _start(self) -> None:
        self._wanted = True
        self._attend()

    def _attend(self) -> None:
        connection = self._host.connection
        if connection is None or not self._wanted or self._inflow.end is not None or not self._inflow.drained:
            return
        if self._behind:
            connection.drop()
        elif not self._live and not self._asking:
            self._asking = True
            since = dict(self._received)
            answered = partial(self._answered, connection, since)
            try:
                connection.ask("inbox.subscribe", answered, data=encode_data({"since": since}))
            except Disconnected:
                self._asking = False

    def _answered(self, connection: Connection, since: dict[str, Position], answer: Answer) -> None:
        if isinstance(answer, Disconnected) or connection is not self._host.connection:
            return
        if isinstance(answer, HubbubError):
            self._refused(answer, connection)
            return
        reply = msgspec.json.decode(answer, type=InboxReply)
        self._asking = False
        self._live = True
        self._attempts = 0
        self.conversations = reply.conversations
        for topic in self._received.keys() - reply.positions.keys():
            del self._received[topic]
        for topic, position in reply.positions.items():
            # A topic that resumes has come as far as its events: they came before this reply.
            if topic not in since:
                self._received[topic] = position
                self._positions.setdefault(topic, position)
        for topic in reply.reset:
            if topic in reply.positions:
                self._reset(topic, "inbox", reply.positions[topic])
        early, self._early = self._early, []
        for frame in early:
            self.receive(frame, frame.topic)
        self._inflow.changed.wake()

    def _refused(self, error: HubbubError, connection: Connection) -> None:
        if not error.temporary:
            self.finish(error)
            return
        wait = self._host.backoff.wait(self._attempts) if error.retry_after is None else error.retry_after
        self._attempts += 1
        asyncio.get_running_loop().call_later(wait, self._ask_again, connection)

    def _ask_again(self, connection: Connection) -> None:
        if connection is self._host.connection:
            self._asking = False
            self._attend()
