"""People who lose a conversation, or their login, on one server while they are connected to another."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.durability.checker import ClientLog, Seen, Verdict, check
from tests.durability.client import Client, Times, steadily
from tests.durability.load import last_answers
from tests.durability.world import World, make_world, read_stored
from tests.services import LiveServer
from tests.waiting import wait_until_async

GRACE_SECONDS = 1.0
"""After this no event may come."""
AFTER_SECONDS = 2.0
"""How long others go on sending after it."""
PACE = 0.02
ENOUGH = 20
PASSWORD = "x"


@dataclass
class Leaver:
    """Somebody who only listens, and what becomes of them."""

    name: str
    token: str
    topic: str
    log: ClientLog = field(init=False)
    times: list[float] = field(default_factory=list)
    """When each event came."""
    end: str = ""
    """How they were told."""
    left_at: float = 0.0
    """When the request that ended it was answered."""

    def __post_init__(self) -> None:
        self.log = ClientLog(self.name)

    async def run(self, server: LiveServer) -> None:
        async with connect(f"{server.ws_url}?token={self.token}", proxy=None, max_queue=None) as socket:
            await socket.send(json.dumps({"id": 1, "type": "subscribe", "topic": self.topic}))
            try:
                async for text in socket:
                    self._take(json.loads(text))
            except ConnectionClosed:
                pass
            self.end = self.end or str(socket.close_code)

    def _take(self, frame: dict[str, Any]) -> None:
        if frame.get("id") == 1:
            self.log.began[self.topic] = frame["ok"]["position"]["offset"]
        elif frame["type"] == "unsubscribed":
            self.end = "unsubscribed"
        elif frame.get("topic") == self.topic and "offset" in frame:
            content = frame["data"]["message"]["content"] if frame["type"] == "chat.message_sent" else ""
            self.log.seen.append(Seen(self.topic, frame["offset"], content))
            self.times.append(time.monotonic())

    @property
    def latest(self) -> float:
        """Seconds after leaving at which the last event came; negative for before it."""
        return self.times[-1] - self.left_at

    def late(self) -> list[float]:
        return [at for at in self.times if at > self.left_at + GRACE_SECONDS]


class Api:
    """What people do to themselves and to others, over REST."""

    def __init__(self, server: LiveServer, world: World) -> None:
        self._http = httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30)
        self._world = world

    async def _do(self, method: str, path: str, token: str, body: dict[str, Any] | None = None) -> None:
        answer = await self._http.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 204, answer.text

    async def _another_login(self, name: str) -> str:
        answer = await self._http.post("/api/auth/token/", json={"username": name, "password": PASSWORD})
        return str(answer.json()["access"])

    async def remove(self, leaver: Leaver) -> None:
        path = f"/api/conversations/{leaver.topic.partition('.')[2]}/participants/"
        keeper = next(iter(self._world.tokens.values()))
        await self._do("DELETE", path, keeper, {"participants": [leaver.name]})

    async def sign_out(self, leaver: Leaver) -> None:
        await self._do("DELETE", "/api/auth/session/", leaver.token)

    async def change_password(self, leaver: Leaver) -> None:
        body = {"password": PASSWORD, "new_password": "battery-staple-42"}
        await self._do("POST", "/api/auth/password/", await self._another_login(leaver.name), body)

    async def deactivate(self, leaver: Leaver) -> None:
        body = {"password": PASSWORD}
        await self._do("POST", "/api/auth/deactivate/", await self._another_login(leaver.name), body)


async def leave_while_connected(
    one: LiveServer, other: LiveServer, url: str = "", *, fault: Callable[[], object] = lambda: None
) -> tuple[dict[str, Leaver], Verdict]:
    """Two people talk on ``one``, four listen on ``other``, and each of those leaves in a way of its own.

    Before they do, ``fault`` happens. Gives the leavers by what was done to them, and the checker's word.
    """
    world = await asyncio.to_thread(make_world, one, 6, 0, 1)
    (topic,), api = world.topics, Api(one, world)
    people = list(world.tokens.items())
    watch = Times()
    talkers = [Client(name, one.ws_url, token, [topic], watch=watch, sending=False) for name, token in people[:2]]
    leavers = [Leaver(name, token, topic) for name, token in people[2:]]
    ways = dict(zip((api.remove, api.sign_out, api.change_password, api.deactivate), leavers, strict=True))

    def heard(leaver: Leaver, count: int) -> bool:
        return len(leaver.times) >= count

    async with asyncio.TaskGroup() as group:
        listening = [group.create_task(leaver.run(other)) for leaver in leavers]
        await wait_until_async(lambda: all(leaver.log.began for leaver in leavers), "their being subscribed", 20)
        talking = [group.create_task(client.run()) for client in talkers]
        speaking = [group.create_task(steadily(client, PACE)) for client in talkers]
        fault()
        known = [len(leaver.times) for leaver in leavers]
        await wait_until_async(
            lambda: all(heard(leaver, n + ENOUGH) for leaver, n in zip(leavers, known, strict=True)), "events", 20
        )
        for leave, leaver in ways.items():
            await leave(leaver)
            leaver.left_at = time.monotonic()
        over = time.monotonic() + GRACE_SECONDS + AFTER_SECONDS
        await wait_until_async(lambda: watch.sent_after(over), "what is sent after it", 20)
        for task in speaking:
            task.cancel()
        await last_answers(talkers)
        for task in (*talking, *listening):
            task.cancel()
    for leaver in leavers:
        leaver.log.barred[topic] = first_after(talkers, watch, leaver.left_at + GRACE_SECONDS)
    logs = [*(client.log for client in talkers), *(leaver.log for leaver in leavers)]
    for log in logs:
        log.ended.clear()  # Nobody waited for the last events.
    verdict = await asyncio.to_thread(lambda: check(logs, read_stored(one, url)))
    return {leave.__name__.replace("_", " "): leaver for leave, leaver in ways.items()}, verdict


def first_after(talkers: list[Client], watch: Times, moment: float) -> int:
    """The lowest offset of what was first sent after a moment."""
    later = watch.sent_after(moment)
    return min(ack.offset for client in talkers for ack in client.log.acks if ack.content in later)
