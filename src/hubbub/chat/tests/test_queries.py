"""The number of queries is fixed, whatever is found."""

from collections.abc import Callable
from typing import Any

import pytest

from hubbub.chat import actions, policy, queries
from hubbub.chat import messages as wire
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


def test_send(
    alice: Actor, direct: wire.Conversation, busy: wire.Conversation, django_assert_num_queries: Count
) -> None:
    """Who takes part makes no difference: no row and no query for each recipient (SQLite and PostgreSQL alike)."""
    for where in (direct, busy):
        # Access, number (2), message, cursor, offset, event; two savepoints of two statements each.
        with django_assert_num_queries(11):
            actions.send_message(alice, where.topic, "hi")


def test_send_with_a_receipt(
    alice: Actor, direct: wire.Conversation, busy: wire.Conversation, django_assert_num_queries: Count
) -> None:
    """ACK-2: two queries and a savepoint more; a repeat is answered by one."""
    for where in (direct, busy):
        with django_assert_num_queries(15):
            actions.send_message(alice, where.topic, "hi", client_id=f"c{where.id}")
        with django_assert_num_queries(3):
            actions.send_message(alice, where.topic, "hi", client_id=f"c{where.id}")


def test_read_and_hide(
    alice: Actor, bob: Actor, direct: wire.Conversation, busy: wire.Conversation, django_assert_num_queries: Count
) -> None:
    for where in (direct, busy):
        sent = actions.send_message(bob, where.topic, "hi").message
        with django_assert_num_queries(8):
            actions.mark_read(alice, where.topic)
        with django_assert_num_queries(13):
            actions.hide_message(alice, where.topic, sent.id)
