"""The number of queries is fixed, whatever is found."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hubbub.chat import actions, policy, queries
from hubbub.chat import messages as wire
from hubbub.django.calls import Call, carry_out
from hubbub.django.models import Event
from hubbub.engine.actor import Actor, guest
from hubbub.protocol.errors import Absent

pytestmark = pytest.mark.django_db

Count = Callable[..., Any]


@pytest.fixture
def busy(person: Callable[..., Actor], alice: Actor, bob: Actor, direct: wire.Conversation) -> wire.Conversation:
    """Alice's tenth conversation, with many people and messages."""
    people = [person(f"p{n}") for n in range(10)]
    for n in range(8):
        made = actions.create_conversation(alice, ["bob", *(each.username for each in people)], f"{n}").conversation
        for who in people[:3]:
            sent = actions.send_message(who, made.topic, "hi").message
        actions.hide_message(alice, made.topic, sent.id)
    actions.join_room(alice, "garden")
    return made


def test_list(alice: Actor, carol: Actor, busy: wire.Conversation, django_assert_num_queries: Count) -> None:
    """Conversations, their people, their last messages."""
    with django_assert_num_queries(3):
        assert len(queries.conversation_list(alice)) == 10
    with django_assert_num_queries(1):
        assert queries.topics_of(alice)
    with django_assert_num_queries(0):
        assert queries.conversation_list(guest("1")) == []
    assert queries.conversation_list(carol) == []


def test_history(alice: Actor, busy: wire.Conversation, django_assert_num_queries: Count) -> None:
    with django_assert_num_queries(1):
        assert len(queries.history(alice, busy.id, None, 50).messages) == 2
    with django_assert_num_queries(1):
        queries.history_after(alice, busy.id, 1, 50)


def test_access(alice: Actor, carol: Actor, busy: wire.Conversation, django_assert_num_queries: Count) -> None:
    """ACC-1: also as many for what is absent as for what is another's."""
    for who, id, there in (
        (alice, busy.id, True),
        (carol, busy.id, False),
        (carol, 10**9, False),
        (guest("1"), 1, False),
    ):
        with django_assert_num_queries(1):
            try:
                policy.access(who, id)
                assert there
            except Absent:
                assert not there


def test_a_room_s_people_are_not_loaded(person: Callable[..., Actor], alice: Actor, direct: wire.Conversation) -> None:
    """CHT-8: entering a room of many is as cheap as one of two; nobody's list shows who is there."""
    actions.join_room(alice, "garden")
    for n in range(5):
        actions.join_room(person(f"p{n}"), "garden")
    with CaptureQueriesContext(connection) as captured:
        rows = queries.conversation_list(alice)
    assert {row.kind: [each.username for each in row.participants] for row in rows} == {
        "room": [],
        "direct": ["alice", "bob"],
    }
    assert [f"IN ({direct.id})" in each["sql"] for each in captured] == [False, True, False]


def crowd(person: Callable[..., Actor], count: int) -> list[str]:
    User.objects.bulk_create([User(username=f"p{n}") for n in range(count)])
    return [f"p{n}" for n in range(count)]


def test_a_group_costs_the_same_for_few_and_many(person: Callable[..., Actor], alice: Actor) -> None:
    """ACK-1: the writer's thread is everybody's; making a group of a hundred takes no more queries than one of five."""
    names = crowd(person, 99)
    group = actions.create_conversation(alice, [names[0]], "Few").conversation.id
    counts = {}
    acts: dict[str, Callable[[int], Any]] = {
        "create": lambda size: actions.create_conversation(alice, names[:size], "Many"),
        "add": lambda size: actions.add_participants(alice, group, names[1:size]),
        "remove": lambda size: actions.remove_participants(alice, group, names[1:size]),
    }
    for size in (4, 99):
        for what, act in acts.items():
            with CaptureQueriesContext(connection) as captured:
                act(size)
            counts[what, size] = len(captured)
    print(f"\nqueries: {counts}")
    for what in acts:
        # SQLite takes so many values at once: some of the inserts are two.
        assert counts[what, 99] <= counts[what, 4] + 3 <= 30


def test_who_is_added_sees_what_a_fresh_list_shows(
    person: Callable[..., Actor], alice: Actor, bob: Actor, group: wire.Conversation
) -> None:
    """CHT-10: also who has been there before and has deleted messages for oneself; who is not active is left out."""
    names = crowd(person, 3)
    actions.send_message(alice, group.topic, "one")
    last = actions.send_message(alice, group.topic, "two").message
    actions.hide_message(bob, group.topic, last.id)
    actions.remove_participants(alice, group.id, ["bob"])
    before = Event.objects.order_by("pk").last()
    with CaptureQueriesContext(connection) as captured:
        actions.add_participants(alice, group.id, ["bob", *names])
    assert before is not None
    made = Event.objects.filter(pk__gt=before.pk).order_by("pk").select_related("stream")
    added = {row.stream.topic: msgspec.json.decode(row.data) for row in made if row.type == "chat.conversation_added"}
    assert len(added) == 4
    for who in (bob, *(person(name) for name in names)):
        told = added[policy.user_topic(who.user_id or "")]["conversation"]
        assert told == msgspec.to_builtins(queries.conversation(who, group.id))
        assert told["last_message"]["content"] == ("one" if who is bob else "two")
        assert told["unread"] == 0
    # The topic that everybody's grants share is taken last: nobody waits for another's topic while holding it.
    *first, final = [each["sql"] for each in captured if "INSERT INTO hubbub_stream" in each["sql"]]
    topics = {f"'{row.stream.topic}'" for row in made} - {"'control'"}
    assert all("'control'" not in each for each in first)
    assert all(final.rfind(topic) < final.index("'control'") for topic in topics)
    assert made[0].stream.topic == group.topic
    assert all(f"'{topic}'" in final for topic in added)


def test_send(
    alice: Actor, direct: wire.Conversation, busy: wire.Conversation, django_assert_num_queries: Count
) -> None:
    """Who takes part makes no difference: no row and no query for each recipient (SQLite and PostgreSQL alike)."""
    for where in (direct, busy):
        # Access, number (2), message, cursor, offset, event; a savepoint of two statements.
        with django_assert_num_queries(9):
            actions.send_message(alice, where.topic, "hi")


def test_send_with_a_receipt(
    alice: Actor, direct: wire.Conversation, busy: wire.Conversation, django_assert_num_queries: Count
) -> None:
    """ACK-2: two queries more; a repeat is answered by one."""
    for where in (direct, busy):
        with django_assert_num_queries(11):
            actions.send_message(alice, where.topic, "hi", client_id=f"c{where.id}")
        with django_assert_num_queries(3):
            actions.send_message(alice, where.topic, "hi", client_id=f"c{where.id}")


def test_many_sends(
    alice: Actor, bob: Actor, direct: wire.Conversation, busy: wire.Conversation, django_assert_num_queries: Count
) -> None:
    """All that wait together, of whomever and wherever, take as many queries as one."""

    def calls(count: int) -> list[Call[wire.MessageReply]]:
        return [
            actions.send_message.bind(who, where.topic, f"{n}", client_id=f"{count} {n}")
            for n in range(count)
            for who, where in ((alice, direct), (bob, direct), (alice, busy))
        ]

    for count in (1, 20):
        with django_assert_num_queries(9):
            carry_out(calls(count))


def test_read_and_hide(
    alice: Actor, bob: Actor, direct: wire.Conversation, busy: wire.Conversation, django_assert_num_queries: Count
) -> None:
    for where in (direct, busy):
        sent = actions.send_message(bob, where.topic, "hi").message
        with django_assert_num_queries(6):
            actions.mark_read(alice, where.topic)
        with django_assert_num_queries(11):
            actions.hide_message(alice, where.topic, sent.id)
