"""The rules of the machine at random, against two real servers on one PostgreSQL and one Valkey."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import psycopg
import redis

from tests.durability.world import World, make_world
from tests.model.history import History
from tests.model.person import Person
from tests.services import LiveServer
from tests.waiting import wait_until_async

PEOPLE = 6
STEP_SECONDS = 0.03
"""Between two steps, at most."""
PAUSE_SECONDS = (0.5, 3.0)

_EVENTS = """
SELECT s.topic, e."offset", e.type, e.data, extract(epoch FROM e.created_at) FROM hubbub_event e
JOIN hubbub_stream s ON s.id = e.stream_id WHERE s.topic LIKE 'chat.%' ORDER BY s.topic, e."offset"
"""
_MESSAGES = "SELECT conversation_id, number, id, content FROM hubbub_chat_message ORDER BY 1, 2"
_CURSORS = """
SELECT u.username, p.conversation_id, p.read_number, c.top_number FROM hubbub_chat_participant p
JOIN auth_user u ON u.id = p.user_id JOIN hubbub_chat_conversation c ON c.id = p.conversation_id
"""


class Run:
    """One run: its people, what they do by the seed, and what goes wrong meanwhile."""

    def __init__(self, servers: Sequence[LiveServer], database: str, valkey: str, seed: int, history: Path) -> None:
        self.servers = list(servers)
        self.history = History(history)
        self.happened: list[str] = []
        """The faults, as they were over."""
        self._database = database
        self._chance = random.Random(seed)
        with redis.Redis.from_url(valkey) as client:
            self._valkey = int(client.info("server")["process_id"])
        self._world: World = make_world(self.servers[0], PEOPLE, rooms=1, groups=1)
        self.room, self.group = self._world.topics
        self.people = [
            Person(name, token, self.servers, self._world.topics, self.history, random.Random(f"{seed} {name}"))
            for name, token in self._world.tokens.items()
        ]
        self.maker = self.people[0]
        self._out: set[str] = set()
        self._http = httpx.AsyncClient(trust_env=False, timeout=20)

    async def play(self, seconds: float) -> None:
        """Steps for so long, and until each fault has happened; then heal, and note what the database holds."""
        faults = [self._kill, self._stop, self._pause_valkey]
        self._chance.shuffle(faults)
        async with asyncio.TaskGroup() as group:
            living = [group.create_task(person.run()) for person in self.people]
            await wait_until_async(lambda: all(person.live for person in self.people), "everybody", 30)
            until = time.monotonic() + seconds
            trouble = group.create_task(self._trouble(faults, until))
            while time.monotonic() < until or not trouble.done():
                await self._step()
                await asyncio.sleep(self._chance.uniform(0, STEP_SECONDS))
            await self._come_to_rest()
            for each in living:
                each.cancel()
        await self._http.aclose()
        self._note_database()
        self.history.close()

    # Rules

    async def _step(self) -> None:
        chance, person = self._chance, self._chance.choice(self.people)
        topic = chance.choice((self.group, self.room))
        rules: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (40, lambda: person.say(topic)),
            (8, person.say_again),
            (6, lambda: person.lose_an_answer(topic)),
            (8, lambda: person.read(self.group)),
            (5, lambda: self._cut(person)),
            (2, self._cut_all),
            (3, self._part),
            (4, self._join),
            (1, self._deactivate),
        ]
        weights, each = zip(*rules, strict=True)
        (rule,) = chance.choices(each, weights)
        if not person.ended:
            await rule()

    async def _cut(self, person: Person) -> None:
        person.cut()

    async def _cut_all(self) -> None:
        for person in self.people:
            person.cut()

    async def _part(self) -> None:
        """Somebody leaves the group, or is removed."""
        inside = [each for each in self.people[1:] if each.name not in self._out and not each.ended]
        if not inside:
            return
        person = self._chance.choice(inside)
        if self._chance.random() < 0.5:
            done = await self._rest("DELETE", self.maker, "participants/", participants=[person.name])
        else:
            done = await self._rest("POST", person, "leave/")
        self._out.add(person.name)
        if done:
            self.history.note("parted", who=person.name, topic=self.group, at=time.time())

    async def _join(self) -> None:
        outside = [each for each in self.people[1:] if each.name in self._out and not each.ended]
        if not outside:
            return
        person = self._chance.choice(outside)
        # From here on: when exactly it happens, only the server knows.
        self.history.note("admitted", who=person.name, topic=self.group)
        if await self._rest("POST", self.maker, "participants/", participants=[person.name]):
            self._out.discard(person.name)
            await person.come_back_to(self.group)

    async def _deactivate(self) -> None:
        """The last two may close their accounts."""
        person = self._chance.choice(self.people[-2:])
        if person.ended:
            return
        if await self._ask("POST", person, "/api/auth/deactivate/", password="x"):
            for topic in self._world.topics:
                self.history.note("parted", who=person.name, topic=topic, at=time.time())
            person.ended = True

    async def _rest(self, method: str, person: Person, path: str, **body: Any) -> bool:
        return await self._ask(method, person, f"/api/conversations/{self.group.partition('.')[2]}/{path}", **body)

    async def _ask(self, method: str, person: Person, path: str, **body: Any) -> bool:
        """Ask any server; whether it was done. What failed may have been done all the same."""
        server = self._chance.choice(self.servers)
        header = {"Authorization": f"Bearer {person.token}"}
        with contextlib.suppress(httpx.HTTPError):
            response = await self._http.request(method, f"{server.url}{path}", headers=header, json=body)
            return response.is_success
        return False

    # Faults, one at a time, so that somebody always serves

    async def _trouble(self, faults: Sequence[Callable[[], Awaitable[str]]], until: float) -> None:
        while True:
            for fault in faults:
                await asyncio.sleep(self._chance.uniform(0.2, 1.0))
                self.happened.append(await fault())
                self.history.note("fault", name=self.happened[-1])
            if time.monotonic() >= until:
                return

    async def _kill(self) -> str:
        server = self._chance.choice(self.servers)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        return "killed"

    async def _stop(self) -> str:
        server = self._chance.choice(self.servers)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        return "restarted"

    async def _pause_valkey(self) -> str:
        os.kill(self._valkey, signal.SIGSTOP)
        try:
            await asyncio.sleep(self._chance.uniform(*PAUSE_SECONDS))
        finally:
            os.kill(self._valkey, signal.SIGCONT)
        return "Valkey paused"

    # The end

    async def _come_to_rest(self) -> None:
        """Everything is answered, and whoever follows a topic has reached its end."""
        staying = [person for person in self.people if not person.ended]
        await wait_until_async(lambda: not any(each.unanswered for each in staying), "the last answers", 60)
        await self.maker.say(self.room)
        await self.maker.say(self.group)
        await wait_until_async(lambda: not self.maker.unanswered, "the last words", 30)
        tops = await asyncio.to_thread(self._tops)

        def arrived() -> bool:
            return all(
                self.room in each.live and all(each.positions[topic]["offset"] >= tops[topic] for topic in each.live)
                for each in staying
            )

        await wait_until_async(arrived, "the last events", 30)
        for each in staying:
            for topic in sorted(each.live):
                self.history.note("stands", who=each.name, topic=topic, offset=tops[topic])

    def _tops(self) -> dict[str, int]:
        with psycopg.connect(self._database) as database:
            return dict(database.execute("SELECT topic, top FROM hubbub_stream").fetchall())

    def _note_database(self) -> None:
        with psycopg.connect(self._database) as database:
            for topic, offset, type, data, at in database.execute(_EVENTS):
                content = json.loads(data)["message"]["content"] if type == "chat.message_sent" else ""
                self.history.note("event", topic=topic, offset=offset, content=content, at=float(at))
            for conversation, number, id, content in database.execute(_MESSAGES):
                self.history.note("message", topic=f"chat.{conversation}", number=number, id=id, content=content)
            for name, conversation, number, top in database.execute(_CURSORS):
                self.history.note("cursor", who=name, topic=f"chat.{conversation}", number=number, top=top)
