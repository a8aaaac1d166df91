"""Group commit beside somebody who holds rows: PostgreSQL's locks, deadlocks and lost connections."""

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from hubbub.chat.actions import create_conversation, send_message
from hubbub.chat.models import Conversation, Message
from hubbub.django import group_commit
from hubbub.django.auth import actor_of_user
from hubbub.django.group_commit import GroupCommitWriter
from hubbub.protocol.errors import Busy
from tests.contracts.databases import Database
from tests.contracts.writers import (
    committed,
    group_writer,
    holding,
    make_streams,
    one_batch,
    put,
    rows,
    touch,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_database: Database) -> Database:
    make_streams("free", "held", "other")
    connection.close()
    return postgres_database


@pytest.fixture
def writer(database: Database) -> Iterator[GroupCommitWriter]:
    with group_writer() as writer:
        yield writer


def write(topic: str, name: str) -> str:
    """What a send does: the lock of the topic's row, then a row of its own."""
    touch(topic)
    return put(name)


def kill_the_writer() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


def test_a_held_row_stalls_only_its_own_topic(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1, ENV-4: others commit within a second; the topic's own go on, in order, when the row is free."""
    with holding(database, partial(touch, "held")):
        with one_batch(writer):
            stalled = [writer._submit(partial(write, "held", f"h{n}"), "held") for n in range(50)]
            free = [writer._submit(partial(write, "free", f"f{n}"), "free") for n in range(50)]
        begun = time.monotonic()
        assert [future.result(5) for future in free] == [f"f{n}" for n in range(50)]
        in_batch = time.monotonic() - begun
        # Later ones of the same topic follow it to the side; later ones of others are not held up.
        late = writer._submit(partial(write, "held", "h50"), "held")
        begun = time.monotonic()
        writer.run_sync(partial(write, "other", "o"), topic="other")
        alone = time.monotonic() - begun
        assert not any(future.done() for future in [*stalled, late])
    assert [future.result(10) for future in [*stalled, late]] == [f"h{n}" for n in range(51)]
    print(f"\nbeside a held row: {in_batch * 1000:.0f} ms in its batch, {alone * 1000:.0f} ms after it")
    assert max(in_batch, alone) < 1.0
    assert [name for name in committed(database) if name[0] == "h"] == [f"h{n}" for n in range(51)]


def test_a_held_conversation_stalls_only_its_own_messages(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1, ENV-4: the same with the real action, as a socket's command calls it."""
    ann, *others = (actor_of_user(User.objects.create(username=name)) for name in ("ann", "bob", "cyd"))
    held, free = (create_conversation(ann, [each.username]).conversation for each in others)
    connection.close()

    def send(where: str, content: str) -> int:
        return send_message(ann, where, content, client_id=content).message.number

    def take() -> None:
        assert Conversation.objects.select_for_update().get(pk=held.id)

    with holding(database, take):
        with one_batch(writer):
            stalled = [writer._submit(partial(send, held.topic, f"h{n}"), held.topic) for n in range(10)]
            sent = [writer._submit(partial(send, free.topic, f"f{n}"), free.topic) for n in range(10)]
        begun = time.monotonic()
        assert [future.result(5) for future in sent] == list(range(1, 11))
        took = time.monotonic() - begun
        assert not any(future.done() for future in stalled)
    assert [future.result(10) for future in stalled] == list(range(1, 11))
    print(f"\nbeside a held conversation: {took * 1000:.0f} ms")
    assert took < 1.0
    assert database.elsewhere(Message.objects.count) == 20


def test_a_held_row_and_actions_without_a_topic(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1: what comes over REST has no topic here; fifty that want the held row still hold up nobody."""
    with holding(database, partial(touch, "held")):
        with one_batch(writer):
            stalled = [writer._submit(partial(write, "held", f"h{n}"), "") for n in range(50)]
            free = writer._submit(partial(write, "free", "f"), "free")
        begun = time.monotonic()
        assert free.result(5) == "f"
        took = time.monotonic() - begun
    for future in stalled:
        future.result(20)
    print(f"\nbeside fifty that wait for a row: {took * 1000:.0f} ms")
    assert took < 1.0
    assert len(committed(database)) == 51


def test_two_held_rows_wait_side_by_side(writer: GroupCommitWriter, database: Database) -> None:
    """ENV-4: on the side, too, one topic does not wait for another's row."""
    with holding(database, partial(touch, "held")):
        stalled = writer._submit(partial(write, "held", "h"), "held")
        with holding(database, partial(touch, "other")):
            short = writer._submit(partial(write, "other", "o"), "other")
            wait_until(lambda: len(writer._side) == 2, "both put aside")
        assert short.result(5) == "o"
        assert not stalled.done()
    assert stalled.result(5) == "h"


def test_who_waits_too_long_is_told(
    writer: GroupCommitWriter, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERR-1: a row that is held for long is ``busy`` for those who want it, and nothing is saved."""
    monkeypatch.setattr(group_commit, "SIDE_SECONDS", 0.3)
    with holding(database, partial(touch, "held")):
        stalled = [writer._submit(partial(write, "held", f"h{n}"), "held") for n in range(20)]
        begun = time.monotonic()
        assert all(isinstance(future.exception(10), Busy) for future in stalled)
        assert time.monotonic() - begun < 3
    assert committed(database) == []
    assert writer.run_sync(partial(write, "held", "again"), topic="held") == "again"


def test_what_waits_on_the_side_counts_for_the_queue(database: Database) -> None:
    """LIM-5: a held row does not make the queue endless."""
    with group_writer(queue=5) as writer, holding(database, partial(touch, "held")):
        for n in range(5):
            writer._submit(partial(write, "held", f"h{n}"), "held")
        wait_until(lambda: writer._side_count == 5, "five put aside")
        with pytest.raises(Busy):
            writer._submit(partial(write, "free", "f"), "free")
    assert len(committed(database)) == 5


def test_stopping_finishes_the_side_too(database: Database) -> None:
    """ACK-1: what was put aside by the very last batch is carried out as well."""
    with group_writer() as writer:
        with holding(database, partial(touch, "held")):
            stalled = writer._submit(partial(write, "held", "h"), "held")
            stopper = threading.Thread(target=writer.stop)
            stopper.start()
            wait_until(lambda: writer._side_count == 1, "put aside")
        stopper.join(10)
    assert stalled.result(0) == "h"
    assert committed(database) == ["h"]


def test_the_victim_of_a_deadlock_is_tried_again(
    writer: GroupCommitWriter, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACK-1: two processes take two rows crosswise; both end, and both are saved once."""
    monkeypatch.setattr(group_commit, "LOCK_TIMEOUT_MS", 20_000)  # Longer than deadlock_timeout.
    ours, theirs = threading.Event(), threading.Event()

    def other_process() -> None:
        with transaction.atomic():
            touch("other")
            theirs.set()
            assert ours.wait(10)
            with connection.cursor() as cursor:  # It is the patient one: ours becomes the victim.
                cursor.execute("SET LOCAL deadlock_timeout = '30s'")
            touch("held")
            put("theirs")

    tries: list[int] = []

    def crosswise() -> str:
        tries.append(1)
        touch("held")
        ours.set()
        assert theirs.wait(10)
        touch("other")
        return put("ours")

    done = database.begin(other_process)
    with one_batch(writer):
        before = writer._submit(partial(write, "free", "before"), "free")
        mine = writer._submit(crosswise, "held")
    assert mine.result(20) == "ours"
    assert before.result(0) == "before"
    done.result(20)
    assert len(tries) == 2
    assert sorted(committed(database)) == ["before", "ours", "theirs"]


def test_a_killed_connection_costs_one_batch_at_most(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1: PostgreSQL ends the writer's connection, idle or in the middle; the next batch works."""
    connection.close()
    assert writer.run_sync(partial(write, "free", "one"), topic="free") == "one"
    database.elsewhere(kill_the_writer)
    try:
        writer.run_sync(partial(write, "free", "two"), topic="free")
    except Busy:
        assert committed(database) == ["one"]
    assert writer.run_sync(partial(write, "free", "three"), topic="free") == "three"

    def killed_midway() -> str:
        write("free", "four")
        database.elsewhere(kill_the_writer)
        return put("five")

    with pytest.raises(Busy):
        writer.run_sync(killed_midway, topic="free")
    assert writer.run_sync(partial(write, "free", "six"), topic="free") == "six"
    assert {"four", "five"}.isdisjoint(database.elsewhere(rows))
