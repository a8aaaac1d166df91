"""What the writer's tests share: actions that leave a row, and looks at what is committed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from hubbub.django.group_commit import GroupCommitWriter
from hubbub.django.models import Event, Receipt, Stream
from tests.contracts.databases import ALIAS, Database


def put(name: str) -> str:
    """The plain action: one row that can be there only once."""
    Receipt.objects.create(author="contract", client_id=name, action="put", reply="{}", expires_at=timezone.now())
    return name


def rows() -> list[str]:
    return list(Receipt.objects.order_by("pk").values_list("client_id", flat=True))


def committed(database: Database) -> list[str]:
    """The rows as another connection sees them, in the order in which they were written."""
    return database.elsewhere(rows)


def touch(topic: str) -> None:
    """Take the lock of a stream's row, as every publish does."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE hubbub_stream SET top = top + 1 WHERE topic = %s", [topic])


def make_streams(*topics: str) -> None:
    Stream.objects.bulk_create([Stream(topic=topic, epoch="e") for topic in topics])


def break_a_deferred_constraint() -> None:
    """Succeeds; what it wrote fails the commit, which does not say whose it was."""
    Event.objects.create(stream_id=987654321, offset=1, type="t", data="{}", created_at=timezone.now())


class Hold:
    """An action or a transaction that goes on when told."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.go_on.wait(30)


@contextmanager
def holding(database: Database, take: Callable[[], Any]) -> Iterator[None]:
    """Somebody else's transaction, which keeps the locks that ``take`` takes until the end."""
    hold = Hold()

    def run() -> None:
        with transaction.atomic():
            take()
            hold()

    done = database.begin(run)
    assert hold.begun.wait(10)
    try:
        yield
    finally:
        hold.go_on.set()
        done.result(30)


@contextmanager
def group_writer(queue: int = 1000, batch: int = 200) -> Iterator[GroupCommitWriter]:
    writer = GroupCommitWriter(ALIAS, queue, batch)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()


@contextmanager
def one_batch(writer: GroupCommitWriter) -> Iterator[None]:
    """What is submitted inside waits behind one action, and so becomes one batch."""
    hold = Hold()
    held = writer._submit(hold, "")
    assert hold.begun.wait(10)
    try:
        yield
    finally:
        hold.go_on.set()
    held.result(30)
