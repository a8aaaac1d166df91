"""A topic as a caller follows it: every durable event once and in order, over any number of connections."""

import asyncio
from functools import partial
from typing import Any, Protocol, Self

import msgspec

from hubbub.client.backoff import Backoff
from hubbub.client.connection import Answer, Connection, encode_data
from hubbub.client.errors import Disconnected, TopicReset, Unsubscribed
from hubbub.client.frames import (
    Command,
    Event,
    ResetData,
    ServerFrame,
    SubscribeReply,
    UnsubscribedData,
    read_event,
)
from hubbub.client.inflow import Inflow
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Position

_SNAPSHOT = encode_data({"snapshot": True})


class Host(Protocol):
    """What a topic and an inbox need of the client."""

    @property
    def connection(self) -> Connection | None: ...

    @property
    def backoff(self) -> Backoff: ...

    async def call(self, command: str, data: Any = None, *, topic: str | None = None) -> Any: ...

    def recovered(self, frame: ServerFrame, topic: str) -> None:
        """An event came in a topic's reply: the inbox may follow it, too."""
        ...

    def forget(self, topic: "Topic") -> None: ...


class Topic:
    """A topic's events: ``async for event in topic``.

    The first step subscribes; ``async with topic`` subscribes, waits for the server's answer, and unsubscribes
    in the end. One task at a time may read. Leaving the loop and coming back loses nothing.

    The loop raises TopicReset where events are missing; come back to it after having read the topic's state
    again. It raises Unsubscribed when the server ends the events, the server's own error when it refuses them,
    and Ended when the client can't go on. It ends by itself only after ``close()``.

    A caller that is slow gets everything, too: what it has not taken is bounded, and what comes beyond that is
    fetched from the server's log when it has caught up.
    """

    def __init__(self, name: str, since: Position | None, limit: int, host: Host) -> None:
        self.name = name
        self._position = self._received = since
        self._host = host
        self._inflow = Inflow(limit)
        self._wanted = False
        self._live = False
        """Whether the events of this connection come, without a gap."""
        self._asking = False
        self._attempts = 0
        self._snapshot: asyncio.Future[Any] | None = None

    @property
    def position(self) -> Position | None:
        """Everything up to here was given to the caller. Keep it, and pass it as ``since`` in another run."""
        return self._position

    async def subscribe(self) -> Position:
        """Subscribe; returns the position that events follow. Raises what the loop raises."""
        self._start()
        while not self._live:
            if self._inflow.end is not None:
                raise self._inflow.end
            await self._inflow.changed.wait()
        # Not what has been received since: the caller has yet to get that.
        assert self._position is not None
        return self._position

    async def snapshot(self) -> Any:
        """The topic's state as plain data, where its kind has one; the events after it follow, those before not.

        Raises what the loop raises, apart from TopicReset: this is what to do about that.
        """
        if self._snapshot is None:
            self._snapshot = asyncio.get_running_loop().create_future()
        waiting = self._snapshot
        self._start()
        while not waiting.done():
            if self._inflow.end is not None:
                raise self._inflow.end
            await self._inflow.changed.wait()
        return waiting.result()

    async def call(self, command: msgspec.Struct | str, data: Any = None) -> Any:
        """``client.call`` for this topic."""
        return await self._host.call(command, data, topic=self.name)  # type: ignore[arg-type]

    def close(self) -> None:
        """Get no more events; the loop ends."""
        if self._inflow.end is None and self._host.connection is not None and (self._live or self._asking):
            self._host.connection.send(Command("unsubscribe", topic=self.name))
        self._inflow.clear()
        self.finish(StopAsyncIteration())

    async def __aenter__(self) -> Self:
        await self.subscribe()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        self._start()
        item = await self._inflow.take()
        self._attend()  # There is room again.
        if isinstance(item, Event):
            self._position = item.position or self._position
            return item
        if isinstance(item, TopicReset):
            self._position = item.position
        raise item

    # What the client tells

    def ready(self) -> None:
        """A session is ready."""
        self._attend()

    def lost(self) -> None:
        """The session is over."""
        self._live = self._asking = False

    def finish(self, end: HubbubError | StopAsyncIteration) -> None:
        """No more events come."""
        self._live = False
        self._inflow.finish(end)
        self._host.forget(self)

    def receive(self, frame: ServerFrame) -> None:
        """Take in a frame of this topic."""
        if frame.type == "unsubscribed":
            reason = msgspec.json.decode(frame.data, type=UnsubscribedData).reason
            self.finish(Unsubscribed(self.name, reason))
        elif not self._live:
            return  # The reply that is on its way has it, or the next one.
        elif frame.type == "reset":
            data = msgspec.json.decode(frame.data, type=ResetData)
            self._reset(data.reason, data.position)
        else:
            self._receive_event(frame)

    def _receive_event(self, frame: ServerFrame) -> None:
        assert self._received is not None
        if frame.offset is None:
            if not self._inflow.full:
                self._inflow.put(read_event(frame, self.name, ""))
        elif frame.offset > self._received.offset:
            if frame.offset > self._received.offset + 1 or self._inflow.full:
                # Not kept: the log has it, and is asked as soon as there is room.
                self._live = False
                self._attend()
            else:
                self._put(frame)

    def _put(self, frame: ServerFrame) -> None:
        assert self._received is not None
        event = read_event(frame, self.name, self._received.epoch)
        self._received = event.position or self._received
        self._inflow.put(event)

    def _reset(self, reason: str, position: Position) -> None:
        self._received = position
        self._inflow.put(TopicReset(self.name, reason, position))

    # Asking

    def _start(self) -> None:
        self._wanted = True
        self._attend()

    def _attend(self) -> None:
        """Ask the server for events, where that is wanted, possible, and not yet done."""
        connection = self._host.connection
        if connection is None or not self._wanted or self._asking or self._inflow.end is not None:
            return
        snapshot = self._snapshot
        if snapshot is None and (self._live or not self._inflow.drained):
            return
        self._asking = True
        answered = partial(self._answered, connection, snapshot)
        since, data = (self._received, None) if snapshot is None else (None, _SNAPSHOT)
        try:
            connection.ask("subscribe", answered, self.name, data, since)
        except Disconnected:
            self._asking = False

    def _answered(self, connection: Connection, snapshot: "asyncio.Future[Any] | None", answer: Answer) -> None:
        if isinstance(answer, Disconnected) or connection is not self._host.connection:
            return
        if isinstance(answer, HubbubError):
            self._refused(answer, connection)
            return
        self._asking = False
        if self._inflow.end is not None:
            return
        reply = msgspec.json.decode(answer, type=SubscribeReply)
        self._attempts = 0
        self._live = True
        if snapshot is not None:
            self._inflow.clear()
            self._snapshot = None
            snapshot.set_result(reply.snapshot)
            self._position = self._received = reply.position
        elif self._received is None:
            self._position = self._received = reply.position
        elif reply.recovered:
            for frame in reply.events:
                self._host.recovered(frame, self.name)
                self._put(frame)
            self._received = reply.position
        else:
            self._reset(reply.reset or "epoch", reply.position)
        self._inflow.changed.wake()
        self._attend()

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
