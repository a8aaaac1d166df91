"""What reading costs in queries: the same for one conversation, for twenty and for two hundred, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hubbub.chat.models import Conversation, Message, Participant
from hubbub.chat.policy import topic_of, user_topic
from hubbub.django.streams import DjangoStreamStore
from hubbub.protocol.frames import Position
from hubbub.testing import settle
from hubbub.testing.sync import SyncConnection, SyncEngine
from tests.contracts.databases import ALIAS, Database

SIZES = (1, 20, 200)
MESSAGES = 60


@dataclass
class People:
    """Users with as many conversations as their names say, each with the same friend and its own messages."""

    users: dict[int, User]
    topics: dict[int, list[str]]


@pytest.fixture
def people(database: Database) -> People:
    users = {size: User.objects.create_user(f"has{size}") for size in SIZES}
    friend = User.objects.create_user("friend")
    topics = {size: [make_conversation(users[size], friend) for _ in range(size)] for size in SIZES}
    return People(users, topics)


def make_conversation(user: User, friend: User) -> str:
    now = timezone.now()
    made = Conversation.objects.create(kind="group", title="Plans", active_at=now, top_number=MESSAGES)
    Participant.objects.bulk_create(Participant(conversation=made, user=each) for each in (user, friend))
    Message.objects.bulk_create(
        Message(conversation=made, number=n, sender=friend, sender_name="friend", content="hi", created_at=now)
        for n in range(1, MESSAGES + 1)
    )
    say(topic_of(made.pk), user_topic(user.pk))
    return topic_of(made.pk)


def say(*topics: str) -> None:
    """Something happens, of which nobody's hub hears."""
    now = datetime.now(UTC)
    with transaction.atomic():
        DjangoStreamStore().append_all(
            [(topic, "chat.conversation_renamed", b'{"title":"x"}', "", now) for topic in topics]
        )


class Reads:
    count = 0


@contextmanager
def counting() -> Iterator[Reads]:
    """Counts what reads; what begins and ends transactions differs between databases."""
    reads = Reads()
    with CaptureQueriesContext(connections[ALIAS]) as captured:
        yield reads
    reads.count = sum(each["sql"].lstrip().startswith(("SELECT", "WITH")) for each in captured)


def ask(connection: SyncConnection, type: str, topic: str | None = None, data: Any = None, **more: Any) -> Any:
    """The reply, and how many queries it took; the test's own look at the log's end is not one of them."""
    under = connection.connection
    under._catch_up, catch_up = settle, under._catch_up
    with counting() as reads:
        ok = connection.send(type, topic, data, **more)
    under._catch_up = catch_up
    return ok, reads.count


def test_the_inbox(people: People) -> None:
    """CHT-6: finding the topics twice, the list with people and last messages, positions, and what was missed."""
    with SyncEngine() as hub:
        seen = {}
        for size in SIZES:
            user, topics = people.users[size], people.topics[size]
            first, plain = ask(hub.connect(user), "inbox.subscribe")
            assert len(first["conversations"]) == size and len(first["positions"]) == size + 1
            before = {topic: {**at, "offset": at["offset"] - 1} for topic, at in first["positions"].items()}
            again = hub.connect(user)
            ok, resumed = ask(again, "inbox.subscribe", data={"since": before})
            assert ok["reset"] == [] and len(again.events()) == size + 1
            third = hub.connect(user)
            ok, remembered = ask(third, "inbox.subscribe", data={"since": before})
            assert ok["reset"] == [] and len(third.events()) == size + 1
            fourth = hub.connect(user)
            say(*topics)
            ok, partly = ask(fourth, "inbox.subscribe", data={"since": before})
            assert ok["reset"] == [] and len(fourth.events()) == 2 * size + 1
            seen[size] = plain, resumed, remembered, partly
        print(f"\nqueries without positions, from the log, from memory, from both: {seen}")
        assert set(seen.values()) == {(6, 7, 6, 7)}


def test_one_conversation(people: People) -> None:
    """SUB-1, SUB-2, CHT-4: whether one may, where the stream stands, and then what was asked for."""
    with SyncEngine() as hub:
        seen = {}
        for size in SIZES:
            user, topic = people.users[size], people.topics[size][0]
            epoch = DjangoStreamStore().states([topic])[topic].epoch
            since = msgspec.to_builtins(Position(epoch, 0))
            counts = []
            connection = hub.connect(user)
            for data in ({}, {"snapshot": True}):
                ok, count = ask(connection, "subscribe", topic, data)
                assert ok["position"]["offset"] == 1
                counts.append(count)
            connection.send("unsubscribe", topic)
            ok, count = ask(connection, "subscribe", topic, since=since)
            assert ok["recovered"] and len(ok["events"]) == 1
            counts.append(count)
            connection.cut()
            connection = hub.connect(user)
            ok, count = ask(connection, "subscribe", topic, since=since)
            assert ok["recovered"] and len(ok["events"]) == 1
            counts.append(count)
            for before in (None, 55, 3):
                page, count = ask(connection, "chat.history", topic, {"before": before, "limit": 50})
                assert len(page["messages"]) == (50 if before is None or before > 50 else 2)
                counts.append(count)
            seen[size] = tuple(counts)
        print(f"\nqueries to subscribe, with a snapshot, from the log, from memory, for a page of history: {seen}")
        assert set(seen.values()) == {(2, 3, 3, 0, 2, 2, 2)}


def test_the_first_page(people: People, settings: Any) -> None:
    """What a page starts from: the session and its user, the list of conversations, positions, the latest messages."""
    settings.HUBBUB = {}
    seen = {}
    for size in SIZES:
        client = Client()
        client.force_login(people.users[size])
        counts = []
        for path in ("/", f"/c/{people.topics[size][0].removeprefix('chat.')}"):
            with counting() as reads:
                assert client.get(path).status_code == 200
            counts.append(reads.count)
        seen[size] = tuple(counts)
    print(f"\nqueries of the list, of a conversation: {seen}")
    assert seen[20] == seen[1]
    # Where the list has more than the page takes, the conversation may be one that is not in it.
    assert seen[200][0] == seen[1][0] and seen[200][1] <= seen[1][1] + 3
