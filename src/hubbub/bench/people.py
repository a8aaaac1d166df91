"""Who takes part in a run: made in the database for it, or given by their tokens."""

import asyncio
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection

from hubbub.bench import actions
from hubbub.bench.checker import ClientLog, Seen, Stored, as_seen
from hubbub.bench.link import open_link
from hubbub.bench.run import Member, NotServed
from hubbub.chat.models import Message
from hubbub.chat.policy import conversation_id_of
from hubbub.django.models import Event
from hubbub.engine.actor import SYSTEM

TITLE = "hubbub bench"
BATCH = 20
"""Accounts in one transaction: a server that runs beside it has to write as well."""


class People(Protocol):
    members: list[Member]

    def stored(self, logs: Sequence[ClientLog]) -> Stored:
        """What there is, to compare the clients' notes with."""


class Made:
    """Accounts and groups in the database of this environment, for the time of a run."""

    members: list[Member]

    def __init__(self) -> None:
        self.users: list[Any] = []
        self.topics: list[str] = []

    def make(self, url: str, clients: int, room: int) -> None:
        """``room``: members of a group at most."""
        tag = secrets.token_hex(3)
        names = [f"bench-{tag}-{number}" for number in range(clients)]
        tokens: list[str] = []
        for some in _batches(names):
            users = actions.make_people(SYSTEM, some)
            self.users += users
            tokens += actions.sign_in(SYSTEM, users)
        self.topics += [actions.make_group(some, f"{TITLE} {tag}") for some in groups(self.users, room)]
        topics = [topic for topic, some in zip(self.topics, groups(self.users, room), strict=True) for _ in some]
        self.members = [Member(name, url, *each) for name, *each in zip(names, tokens, topics, strict=True)]

    def remove(self) -> None:
        for topic in self.topics:
            actions.remove_group(SYSTEM, topic)
        for some in _batches(self.users):
            actions.remove_people(SYSTEM, some)

    def stored(self, logs: Sequence[ClientLog]) -> Stored:
        events = Event.objects.filter(stream__topic__in=self.topics).order_by("stream__topic", "offset")
        messages = Message.objects.filter(conversation_id__in=[conversation_id_of(topic) for topic in self.topics])
        return Stored(
            [
                Seen(topic, offset, json.loads(data)["message"]["content"] if type == "chat.message_sent" else "")
                for topic, offset, type, data in events.values_list("stream__topic", "offset", "type", "data")
            ],
            [
                (f"chat.{conversation}", number, id, content)
                for conversation, number, id, content in messages.order_by("conversation_id", "number").values_list(
                    "conversation_id", "number", "id", "content"
                )
            ],
        )


@contextmanager
def made(url: str, clients: int, room: int, *, keep: bool) -> Iterator[Made]:
    """Accounts for a run, removed after it unless it is to ``keep`` them."""
    people = Made()
    try:
        people.make(url, clients, room)
        yield people
    finally:
        if not keep:
            people.remove()


class Given:
    """Accounts that are there already, by their access tokens; what they say is compared with what they saw."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members

    def stored(self, logs: Sequence[ClientLog]) -> Stored:
        return as_seen(logs)


@contextmanager
def given(url: str, tokens: Sequence[str], room: int) -> Iterator[Given]:
    """Accounts in groups that the first of each makes, and which all leave at the end. Raises NotServed."""
    members = asyncio.run(_gather(url, tokens, room))
    try:
        yield Given(members)
    finally:
        asyncio.run(_leave(members))


async def reach(url: str) -> None:
    """Raises OSError, TimeoutError and what websockets raises, where nobody serves sockets there."""
    await (await open_link(url)).close()


async def _gather(url: str, tokens: Sequence[str], room: int) -> list[Member]:
    names = await asyncio.gather(*(_name(url, token) for token in tokens))
    if len(set(names)) < len(names):
        raise NotServed("Two of the tokens are of the same user: each client needs one of its own.")
    tag = secrets.token_hex(3)
    members: list[Member] = []
    for some in groups(list(zip(names, tokens, strict=True)), room):
        create = {"participants": [name for name, _ in some[1:]], "title": f"{TITLE} {tag}"}
        reply = await _ask(url, some[0][1], "chat.create", data=create)
        topic = reply["conversation"]["topic"]
        members += [Member(f"{tag}-{len(members) + n}", url, token, topic) for n, (_, token) in zip(count(), some)]
    return members


async def _leave(members: Sequence[Member]) -> None:
    for member in members:
        await _ask(member.url, member.token, "chat.leave", topic=member.topic)


async def _name(url: str, token: str) -> str:
    link = await open_link(f"{url}?token={token}")
    try:
        name: str = (await _frame(link, "ready"))["data"]["user"]["username"]
        return name
    finally:
        await link.close()


async def _ask(url: str, token: str, command: str, **fields: Any) -> dict[str, Any]:
    link = await open_link(f"{url}?token={token}")
    try:
        await link.send(json.dumps({"id": 1, "type": command, **fields}))
        reply = await _frame(link, "reply")
        if "error" in reply:
            raise NotServed(f"{command}: {reply['error']['message']}")
        ok: dict[str, Any] = reply["ok"]
        return ok
    finally:
        await link.close()


async def _frame(link: ClientConnection, type: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(link.recv(), 10))
        if frame["type"] == type:
            return frame


def groups(people: Sequence[Any], room: int) -> list[Sequence[Any]]:
    """In as few groups of ``room`` at most as it takes, of nearly the same size."""
    number = -(-len(people) // room)
    return [people[n * len(people) // number : (n + 1) * len(people) // number] for n in range(number)]


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[begin : begin + BATCH] for begin in range(0, len(items), BATCH))
