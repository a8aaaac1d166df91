"""Calls that the writer carries out together: as if each had come alone, by fewer queries."""

from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection
from django.utils import timezone

from hubbub.chat.actions import create_conversation, mark_read, send_message
from hubbub.chat.messages import MessageReply
from hubbub.chat.models import Conversation, Message, Participant
from hubbub.django.actions import action
from hubbub.django.auth import actor_of_user
from hubbub.django.calls import Call
from hubbub.django.group_commit import GroupCommitWriter
from hubbub.django.models import Event, Receipt
from hubbub.engine.actor import SYSTEM, Actor
from hubbub.protocol.errors import Absent, BadData, Conflict, HubbubError, TooLong
from tests.contracts.databases import Database
from tests.contracts.writers import committed, group_writer, holding, one_batch, put


class World(NamedTuple):
    ann: Actor
    bob: Actor
    eve: Actor
    garden: str
    kitchen: str


@pytest.fixture
def world(database: Database) -> World:
    """Ann and Bob share two groups; Eve is in neither."""
    ann, bob, eve = (actor_of_user(User.objects.create_user(name)) for name in ("ann", "bob", "eve"))
    garden, kitchen = (create_conversation(ann, ["bob"], title).conversation.topic for title in ("garden", "kitchen"))
    connection.close()
    return World(ann, bob, eve, garden, kitchen)


@pytest.fixture
def writer(database: Database) -> Iterator[GroupCommitWriter]:
    with group_writer() as writer:
        yield writer


def submit(writer: GroupCommitWriter, call: Call[Any]) -> "Future[Any]":
    return writer._submit(call, call.topic)


def send(writer: GroupCommitWriter, actor: Actor, topic: str, text: str, client_id: str = "") -> "Future[MessageReply]":
    return submit(writer, send_message.bind(actor, topic, text, client_id=client_id))


def saved(topic: str) -> list[tuple[int, str]]:
    id = int(topic.partition(".")[2])
    return list(Message.objects.filter(conversation_id=id).order_by("number").values_list("number", "content"))


def offsets(topic: str) -> list[int]:
    return list(Event.objects.filter(stream__topic=topic).order_by("offset").values_list("offset", flat=True))


def test_one_that_fails_harms_nobody(writer: GroupCommitWriter, database: Database, world: World) -> None:
    """ACK-1, CHT-1: each is told its own error; numbers and offsets have no gap where it would have been."""
    with one_batch(writer):
        good = [send(writer, world.ann, world.garden, "one")]
        bad = [send(writer, world.ann, world.garden, "x" * 5001), send(writer, world.eve, world.garden, "let me in")]
        bad.append(send(writer, world.ann, "chat.987654321", "hello?"))
        good += [send(writer, world.bob, world.garden, "two"), send(writer, world.ann, world.kitchen, "three")]
    assert [type(each.exception(10)) for each in bad] == [TooLong, Absent, Absent]
    replies = [each.result(10) for each in good]
    assert [each.message.number for each in replies] == [1, 2, 1]
    assert database.elsewhere(partial(saved, world.garden)) == [(1, "one"), (2, "two")]
    assert database.elsewhere(partial(saved, world.kitchen)) == [(1, "three")]
    for topic in (world.garden, world.kitchen):
        found = database.elsewhere(partial(offsets, topic))
        assert found == list(range(1, len(found) + 1))
    assert [each.offset for each in replies[:2]] == database.elsewhere(partial(offsets, world.garden))[-2:]


def test_all_that_waits(writer: GroupCommitWriter, database: Database, world: World) -> None:
    """One call of the group's function, whatever the topics: so there is one time in all of them."""
    with one_batch(writer):
        sent = [send(writer, world.ann, topic, f"{n}") for n in range(20) for topic in (world.garden, world.kitchen)]
    assert len({each.result(10).message.timestamp for each in sent}) == 1


def test_the_order_of_a_topic(writer: GroupCommitWriter, database: Database, world: World) -> None:
    """ENV-4: what stands between two sends is carried out between them."""
    with one_batch(writer):
        replies: list[Future[Any]] = []
        for n in range(3):
            replies.append(send(writer, world.ann, world.garden, f"g{n}"))
            replies.append(send(writer, world.ann, world.kitchen, f"k{n}"))
            replies.append(submit(writer, mark_read.bind(world.bob, world.garden)))
    assert [each.result(10).number for each in replies[2::3]] == [1, 2, 3]
    assert database.elsewhere(partial(saved, world.garden)) == [(1, "g0"), (2, "g1"), (3, "g2")]
    assert database.elsewhere(partial(saved, world.kitchen)) == [(1, "k0"), (2, "k1"), (3, "k2")]


def test_read_cursors(writer: GroupCommitWriter, database: Database, world: World) -> None:
    """CHT-5: each has read as far as the own last message, and not what came after it in the same batch."""
    with one_batch(writer):
        sent = [send(writer, who, world.garden, "hi") for who in (world.ann, world.bob, world.ann, world.bob)]
        sent.append(send(writer, world.bob, world.garden, "bye"))
    for each in sent:
        each.result(10)

    def cursors() -> dict[str, int]:
        of_garden = Participant.objects.filter(conversation__title="garden")
        return dict(of_garden.values_list("user__username", "read_number"))

    assert database.elsewhere(cursors) == {"ann": 3, "bob": 5}


def test_the_same_one_twice(writer: GroupCommitWriter, database: Database, world: World) -> None:
    """ACK-2, ACK-3: in one batch and after it; another call by that client_id is refused, whoever else uses it."""
    with one_batch(writer):
        first, again = (send(writer, world.ann, world.garden, "hi", "id") for _ in range(2))
        other = send(writer, world.ann, world.kitchen, "hi", "id")
        of_bob = send(writer, world.bob, world.garden, "hi", "id")
    assert first.result(10) == again.result(10)
    assert isinstance(other.exception(10), Conflict)
    assert [of_bob.result(10).message.number, first.result(10).message.number] == [2, 1]
    with one_batch(writer):
        late, new = (
            send(writer, world.ann, world.garden, "hi", "id"),
            send(writer, world.ann, world.garden, "ho", "id2"),
        )
    assert late.result(10) == first.result(10)
    assert new.result(10).message.number == 3
    assert database.elsewhere(partial(saved, world.garden)) == [(1, "hi"), (2, "hi"), (3, "ho")]


def test_a_first_that_failed_leaves_no_receipt(writer: GroupCommitWriter, database: Database, world: World) -> None:
    """ACK-2: its repeat in the same batch is told the same, and a later one is a new try."""
    with one_batch(writer):
        failed = [send(writer, world.eve, world.garden, "hi", "id") for _ in range(2)]
    assert [type(each.exception(10)) for each in failed] == [Absent, Absent]
    garden = int(world.garden.partition(".")[2])
    Participant.objects.create(conversation_id=garden, user=User.objects.get(username="eve"))
    assert send(writer, world.eve, world.garden, "hi", "id").result(10).message.number == 1


class Note(NamedTuple):
    actor: Actor
    topic: str
    text: str
    client_id: str = ""


@action
def note(actor: Actor, topic: str, text: str, *, client_id: str = "") -> str:
    return put(text)


sizes: list[int] = []
"""How many notes each call of the group got."""
faster: list[str] = []
"""Client ids of which a receipt comes in between, once, as by another process that was faster."""


@note.together(Note)
def note_together(notes: list[Note]) -> list[str | HubbubError]:
    sizes.append(len(notes))
    while faster:
        Receipt.objects.create(
            author=SYSTEM.key, client_id=faster.pop(), action="", reply="{}", expires_at=timezone.now()
        )
    return [put(each.text) for each in notes]


@pytest.fixture(autouse=True)
def _forget() -> None:
    sizes.clear()
    faster.clear()


def test_a_group_that_fails_is_tried_one_by_one(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1: an error of the database does not say whose it is; alone each has its own outcome."""
    put("there")
    with one_batch(writer):
        futures = [submit(writer, note.bind(SYSTEM, "a", text)) for text in ("one", "there", "two")]
        futures += [submit(writer, note.bind(SYSTEM, "b", "three"))]
    assert [type(each.exception(10)) for each in futures] == [type(None), IntegrityError, type(None), type(None)]
    assert sizes == [4], "one attempt together"
    assert committed(database) == ["there", "one", "two", "three"]


def test_another_process_was_faster(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-2: its receipt was committed after ours was looked for; what it left is then found, or the call made."""
    faster.append("id")
    with one_batch(writer):
        futures = [submit(writer, note.bind(SYSTEM, "a", text, client_id=f"{text} id")) for text in ("one", "two")]
        futures.append(submit(writer, note.bind(SYSTEM, "a", "three", client_id="id")))
    assert [each.result(10) for each in futures] == ["one", "two", "three"]
    assert sizes == [3, 3], "together again, after a look at the receipts"


def test_an_impossible_client_id(database: Database) -> None:
    for wrong in ("x" * 65, "a\x00"):
        with pytest.raises(BadData):
            note(SYSTEM, "a", "text", client_id=wrong)
    assert committed(database) == []


@pytest.mark.postgres
def test_a_held_conversation_stalls_only_its_own(postgres_database: Database) -> None:
    """ACK-1, ENV-4: the others of the group are saved beside it, its own when it is free, in order."""
    ann, bob = (actor_of_user(User.objects.create_user(name)) for name in ("ann", "bob"))
    held, free = (create_conversation(ann, ["bob"], title).conversation.topic for title in ("held", "free"))
    connection.close()

    def hold() -> None:
        Conversation.objects.select_for_update().get(title="held")

    with group_writer() as writer, holding(postgres_database, hold):
        with one_batch(writer):
            stalled = [send(writer, ann, held, f"h{n}") for n in range(5)]
            others = [send(writer, bob, free, f"f{n}") for n in range(5)]
        assert [each.result(5).message.number for each in others] == [1, 2, 3, 4, 5]
        assert not any(each.done() for each in stalled)
    assert [each.result(10).message.number for each in stalled] == [1, 2, 3, 4, 5]
    assert postgres_database.elsewhere(partial(saved, held)) == [(n + 1, f"h{n}") for n in range(5)]
