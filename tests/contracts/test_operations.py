"""Indexes that are added beside people who write."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import NotSupportedError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from hubbub.chat.models import Conversation
from hubbub.django.operations import AddIndexConcurrently
from tests.contracts.databases import Database
from tests.contracts.writers import holding

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock' AND datname = current_database()
"""
INDEX = models.Index(fields=["created_at"], name="contract_created")


def migrate(backwards: bool = False, atomic: bool = False) -> None:
    operation = AddIndexConcurrently("conversation", INDEX)
    before = MigrationLoader(connection).project_state()
    after = before.clone()
    operation.state_forwards("hubbub_chat", after)
    with connection.schema_editor(atomic=atomic) as editor:
        if backwards:
            operation.database_backwards("hubbub_chat", editor, after, before)
        else:
            operation.database_forwards("hubbub_chat", editor, before, after)


def indexes() -> dict[str, Any]:
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, "hubbub_chat_conversation")


def write() -> None:
    Conversation.objects.create(kind="group", active_at=timezone.now())


def test_there_and_back(database: Database) -> None:
    migrate()
    assert indexes()[INDEX.name]["columns"] == ["created_at"]
    migrate(backwards=True)
    assert INDEX.name not in indexes()


@pytest.mark.postgres
def test_people_go_on_writing(postgres_database: Database) -> None:
    """ACK-1: the index waits for a transaction that is open, and nobody waits for the index."""
    connection.close()
    with holding(postgres_database, write):
        building = postgres_database.begin(migrate)

        def waits() -> bool:
            with connection.cursor() as cursor:
                cursor.execute(WAITING)
                return bool(cursor.fetchone()[0])

        deadline = time.monotonic() + 10
        while not waits():
            assert time.monotonic() < deadline and not building.done()
        begun = time.monotonic()
        for _ in range(10):
            postgres_database.elsewhere(write)
        took = time.monotonic() - begun
        assert not building.done()
    building.result(20)
    print(f"\nten writes beside an index that is built: {took * 1000:.0f} ms")
    assert INDEX.name in indexes() and Conversation.objects.count() == 11


@pytest.mark.postgres
def test_what_a_broken_one_has_left_is_replaced(postgres_database: Database) -> None:
    """A build that fails leaves an index that takes part in every write and serves no query."""
    User.objects.create(username="ann")
    write()
    write()
    with connection.cursor() as cursor, pytest.raises(Exception, match="unique"):
        cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY contract_created ON hubbub_chat_conversation (kind)")
    assert indexes()[INDEX.name]["columns"] == ["kind"]
    migrate()
    assert indexes()[INDEX.name]["columns"] == ["created_at"]


@pytest.mark.postgres
def test_a_transaction_is_refused(postgres_database: Database) -> None:
    with pytest.raises(NotSupportedError, match="atomic = False"), transaction.atomic():
        migrate(atomic=True)
