"""The recorded conversations of ``tests/frames``, replayed to the Python client by a server that follows the script."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from hubbub.client import Backoff, Client, Ended, HubbubError, Position, Topic, TopicReset, Unsubscribed

FRAMES = Path(__file__).resolve().parents[1] / "frames"
Frame = dict[str, Any]


class Script:
    """One recording: plays the server, and has the application ask for what it asked for."""

    def __init__(self, lines: list[Frame]) -> None:
        self.lines = lines
        self.done = asyncio.Event()
        self.client: Client
        self.tasks: asyncio.TaskGroup
        self.told: list[tuple[str, int | str]] = []
        """(topic, offset) of every durable event and (topic, reason) of every reset, as the application was told."""
        self.failed: list[BaseException] = []
        self._at = 0
        self._tokens = 0
        self._ids: dict[int, int] = {}

    async def token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    async def handle(self, socket: ServerConnection) -> None:
        try:
            await self._play(socket)
        except BaseException as error:
            self.failed.append(error)
            self.done.set()
            raise

    async def _play(self, socket: ServerConnection) -> None:
        opened = self._next()["open"]
        assert socket.request is not None
        expected = f"Bearer {opened['token']}" if "token" in opened else None
        assert socket.request.headers.get("Authorization") == expected
        self._ids.clear()
        while True:
            line = self._next()
            if "server" in line:
                frame = dict(line["server"])
                if "id" in frame:
                    if frame["id"] not in self._ids:
                        continue  # This client asks for no reply here, and gets none (ENV-3).
                    frame["id"] = self._ids[frame["id"]]
                await socket.send(json.dumps(frame))
            elif "client" in line:
                await self._expect(socket, line)
            elif line["by"] == "client":
                self.done.set()
                await socket.wait_closed()
                return
            elif line["by"] == "server":
                await socket.close(line["close"])
                return
            else:
                socket.transport.abort()
                return

    def _next(self) -> Frame:
        self._at += 1
        return self.lines[self._at - 1]

    async def _expect(self, socket: ServerConnection, line: Frame) -> None:
        """This frame of the client's, and those that are due with it, in whatever order."""
        due = [line]
        while self._at < len(self.lines) and "client" in self.lines[self._at]:
            due.append(self._next())
        for each in due:
            if each.get("asked"):
                self._ask(each["client"])
        while due:
            async with asyncio.timeout(10):
                frame = json.loads(await socket.recv())
            match = next((each for each in due if bare(each["client"]) == bare(frame)), None)
            assert match is not None, f"the client sent {frame}, and due were {due}"
            due.remove(match)
            if "id" in frame:
                self._ids[match["client"]["id"]] = frame["id"]

    def _ask(self, frame: Frame) -> None:
        type, data = frame["type"], frame.get("data")
        topic: Any = frame.get("topic")
        if type == "subscribe":
            since = frame.get("since")
            followed = self.client.topic(topic, since and Position(**since))
            self.tasks.create_task(self._follow(followed, snapshot=bool(data)))
        elif type == "unsubscribe":
            self.client.topic(topic).close()
        elif type == "inbox.subscribe":
            self.tasks.create_task(self._follow(self.client.inbox()))
        elif data and "client_id" in data:
            self.client.enqueue(type, data, topic=topic)
        elif "id" in frame:
            self.tasks.create_task(self._call(type, data, topic))
        else:
            self.client.tell(type, data, topic=topic)

    async def _call(self, type: str, data: Any, topic: str | None) -> None:
        with suppress(HubbubError):  # What was answered stands in the recording.
            await self.client.call(type, data, topic=topic)

    async def _follow(self, events: Any, snapshot: bool = False) -> None:
        if snapshot:
            await events.snapshot()
        while True:
            try:
                async for event in events:
                    if event.position is not None:
                        self.told.append((event.topic, event.position.offset))
                return
            except TopicReset as reset:
                self.told.append((reset.topic, reset.reason))
            except (Ended, Unsubscribed):
                return
            except HubbubError:
                assert isinstance(events, Topic)
                return  # Refused.


def read(path: Path) -> list[Frame]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def bare(frame: Frame) -> Frame:
    """A client's frame without what differs between clients."""
    kept = {key: value for key, value in frame.items() if key != "id" and value not in ({}, None)}
    if kept.get("data") == {"since": {}}:
        del kept["data"]
    return kept


def happened(lines: list[Frame]) -> list[tuple[str, int | str]]:
    """What the application has to be told, once each: the recording's durable events and resets."""
    asked: dict[int, Frame] = {}
    found: list[tuple[str, int | str]] = []
    for line in lines:
        if "client" in line:
            asked[line["client"].get("id", 0)] = line["client"]
        frame = line.get("server", {})
        if "offset" in frame:
            found.append((frame["topic"], frame["offset"]))
        ok = frame.get("ok", {})
        command = asked.get(frame.get("id", 0), {})
        if command.get("type") == "subscribe":
            found += [(command["topic"], event["offset"]) for event in ok.get("events", []) if "offset" in event]
            found += [(command["topic"], ok["reset"])] if "reset" in ok else []
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("path", sorted(FRAMES.glob("*.jsonl")), ids=lambda path: path.stem)
async def test_a_recording(path: Path):
    """ENV-1, ENV-3, SUB-1, SUB-2, HRT-1, ACK-2: the same frames out, and everything in told once."""
    lines = read(path)
    script = Script(lines[1:])
    guest = "token" not in lines[1]["open"]
    async with serve(script.handle, "127.0.0.1", 0) as server, asyncio.TaskGroup() as script.tasks:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ws/"
        backoff = Backoff(0.05, 0.1)
        async with Client(url, token=None if guest else script.token, backoff=backoff) as script.client:
            async with asyncio.timeout(30):
                await script.done.wait()
                subscribed = {line["client"].get("topic") for line in lines if "subscribe" in str(line.get("client"))}
                while not script.failed and subscribed and len(script.told) < len(happened(lines)):
                    await asyncio.sleep(0.01)
    assert not script.failed
    if subscribed:
        assert script.told == happened(lines)
