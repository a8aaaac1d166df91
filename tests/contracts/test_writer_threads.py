"""The group-commit writer's queue, its threads, and its connection."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any

import pytest
from django.db import connection

from hubbub.django import group_commit
from hubbub.django.group_commit import MANY, GroupCommitWriter
from hubbub.django.jobs import Job
from hubbub.protocol.errors import Busy
from tests.contracts.databases import Database
from tests.contracts.writers import Hold, committed, group_writer, one_batch, put
from tests.waiting import wait_until


@pytest.fixture
def writer(database: Database) -> Iterator[GroupCommitWriter]:
    with group_writer() as writer:
        yield writer


def test_a_full_queue_is_busy(database: Database) -> None:
    """LIM-5: the queue is bounded; what it took is still carried out."""
    with group_writer(queue=3) as writer:
        with one_batch(writer):
            futures = [writer._submit(partial(put, f"m{n}"), "a") for n in range(3)]
            with pytest.raises(Busy):
                writer._submit(partial(put, "too many"), "a")
        assert [future.result(10) for future in futures] == ["m0", "m1", "m2"]
    assert committed(database) == ["m0", "m1", "m2"]


def test_stopping_finishes_what_waits(database: Database) -> None:
    """ACK-1: what was taken is carried out and answered; what comes later is told so."""
    hold = Hold()
    with group_writer(batch=2) as writer:
        writer._submit(hold, "")
        assert hold.begun.wait(10)
        futures = [writer._submit(partial(put, f"m{n}"), "a") for n in range(9)]
        stopper = threading.Thread(target=writer.stop)
        stopper.start()
        wait_until(lambda: writer._stopping, "the writer stopping")
        with pytest.raises(Busy):
            writer._submit(partial(put, "late"), "a")
        hold.go_on.set()
        stopper.join(10)
        assert all(future.done() for future in futures)
    assert committed(database) == [f"m{n}" for n in range(9)]


def sizes_of(writer: GroupCommitWriter, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many actions each batch has from now on."""
    sizes: list[int] = []
    commit = writer._commit

    def counted(batch: list[Job]) -> None:
        sizes.append(len(batch))
        commit(batch)

    monkeypatch.setattr(writer, "_commit", counted)
    return sizes


def wait_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let gathering take as long as need be."""
    monkeypatch.setattr(group_commit, "GATHER", 1e9)
    monkeypatch.setattr(group_commit, "GATHER_SECONDS", 1e6)


def test_after_a_large_batch_the_next_gathers(
    writer: GroupCommitWriter, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACK-1: those who send again when they are answered have a batch together, and not first of all the fastest."""
    wait_for_all(monkeypatch)
    sizes = sizes_of(writer, monkeypatch)
    with one_batch(writer):
        first = [writer._submit(partial(put, f"a{n}"), "a") for n in range(MANY)]
    for future in first:
        future.result(10)
    second: list[Future[Any]] = []
    for n in range(MANY):
        assert not any(future.done() for future in second)
        second.append(writer._submit(partial(put, f"b{n}"), "b"))
    for future in second:
        future.result(10)
    assert sizes[-2:] == [MANY, MANY]


def test_nobody_is_kept_for_others_who_don_t_come(
    writer: GroupCommitWriter, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACK-1: gathering ends after a part of what the last batch took; and with the writer."""
    sizes = sizes_of(writer, monkeypatch)
    with one_batch(writer):
        futures = [writer._submit(partial(put, f"a{n}"), "a") for n in range(MANY)]
    assert [future.result(10) for future in futures] == [f"a{n}" for n in range(MANY)]
    assert writer._submit(partial(put, "alone"), "b").result(10) == "alone"
    assert sizes[-2:] == [MANY, 1]
    wait_for_all(monkeypatch)
    with one_batch(writer):
        more = [writer._submit(partial(put, f"c{n}"), "a") for n in range(MANY)]
    for future in more:
        future.result(10)
    last = writer._submit(partial(put, "last"), "b")
    writer.stop()
    assert last.result(10) == "last"


async def test_who_is_gone_before_it_begins_is_left_out(writer: GroupCommitWriter, database: Database) -> None:
    """ENV-3: a caller that is cancelled while its action waits; the thread and the others go on."""

    def act() -> list[Any]:
        with one_batch(writer):
            gone = writer._submit(partial(put, "gone"), "a")
            stays = writer._submit(partial(put, "stays"), "a")
            assert gone.cancel()
        return [stays.result(10), gone]

    stays, gone = await asyncio.to_thread(act)
    assert stays == "stays"
    with pytest.raises(CancelledError):
        gone.result(0)
    assert await asyncio.to_thread(committed, database) == ["stays"]


async def test_who_is_gone_while_it_runs_harms_nobody(writer: GroupCommitWriter, database: Database) -> None:
    """ENV-3: a caller that is cancelled after its action began: it is carried out, nobody hears of it."""
    hold = Hold()

    def slow() -> str:
        hold()
        return put("slow")

    task = asyncio.create_task(writer.run(slow, topic="a"))
    assert await asyncio.to_thread(hold.begun.wait, 10)
    task.cancel()
    other = asyncio.create_task(writer.run(partial(put, "other"), topic="a"))
    hold.go_on.set()
    assert await asyncio.wait_for(other, 10) == "other"
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(committed, database) == ["slow", "other"]


def test_sqlite_is_in_wal_and_syncs_fully(sqlite_database: Database) -> None:
    """ACK-1: acknowledged means on the disk, power cut or not."""

    def pragmas() -> list[Any]:
        with connection.cursor() as cursor:
            return [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    with group_writer() as writer:
        assert writer.run_sync(pragmas, topic="") == ["wal", 2]


def test_the_connection_outlives_a_batch(writer: GroupCommitWriter) -> None:
    """A batch does not begin by opening the database, whatever CONN_MAX_AGE says."""
    assert connection.settings_dict["CONN_MAX_AGE"] == 0
    connections = {writer.run_sync(lambda: id(connection.connection), topic="") for _ in range(5)}
    assert len(connections) == 1
