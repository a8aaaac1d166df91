"""In which database hubbub lives: the one that the project's routers say, as a whole."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import CheckMessage
from django.db import connections, transaction
from django.db.models import Model
from django.test import override_settings

from hubbub.chat.actions import create_conversation, join_room, send_message
from hubbub.chat.models import Conversation, HiddenMessage, Message, Participant
from hubbub.django.auth import actor_of_user
from hubbub.django.checks import check_databases, check_time_zones
from hubbub.django.conf import database_alias
from hubbub.django.models import Event, Receipt, Stream
from hubbub.django.reader import read_transaction
from hubbub.django.streams import ensure_root
from tests.contracts.databases import ALIAS, Database, sqlite_settings

OTHER = "other"


class ToOther:
    """The router of a project that keeps hubbub, and its users, in a database of their own."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return OTHER if model._meta.app_label.startswith(("hubbub", "auth")) else None

    db_for_write = db_for_read


class ChatApart(ToOther):
    """What cannot work: state here, events there."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return OTHER if model._meta.app_label == "hubbub_chat" else None

    db_for_write = db_for_read


class UsersApart(ToOther):
    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return ALIAS if model is User else OTHER


class Replica:
    """Reads of hubbub's own tables are part of its transactions, and must not lag behind."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return OTHER

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return ALIAS


@pytest.fixture
def two(sqlite_database: Database, sqlite_template: Path, tmp_path: Path) -> Iterator[None]:
    """``default``, and ``other`` beside it."""
    file = tmp_path / "other.sqlite3"
    shutil.copy(sqlite_template, file)
    theirs = connections.settings
    both = {ALIAS: theirs[ALIAS], OTHER: sqlite_settings(file)}
    theirs[OTHER] = connections.configure_settings(both)[OTHER]
    try:
        yield
    finally:
        connections[OTHER].close()
        del connections[OTHER], theirs[OTHER]


@pytest.fixture
def routed(two: None) -> Iterator[None]:
    with override_settings(DATABASE_ROUTERS=[ToOther()]):
        yield


def rows_in(alias: str) -> dict[str, int]:
    models: tuple[type[Model], ...] = (Conversation, Participant, Message, HiddenMessage, Event, Receipt)
    found = {model.__name__: model._default_manager.using(alias).count() for model in models}
    return {name: count for name, count in found.items() if count}


@pytest.mark.usefixtures("routed")
def test_everything_is_where_the_routers_say() -> None:
    """ACK-1: conversation, message, event and receipt in one database, and nothing in the other."""
    assert database_alias() == OTHER
    ann, _ = (actor_of_user(User.objects.create(username=name)) for name in ("ann", "bob"))
    made = create_conversation(ann, ["bob"]).conversation
    send_message(ann, made.topic, "hi", client_id="c1")
    join_room(ann, "garden")
    assert rows_in(ALIAS) == {}
    assert rows_in(OTHER) == {"Conversation": 2, "Participant": 3, "Message": 1, "Event": 8, "Receipt": 1}
    before = rows_in(OTHER)

    def undone() -> None:
        send_message(ann, made.topic, "never", client_id="c2")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic(using=database_alias()):
        undone()
    assert rows_in(OTHER) == before
    assert read_transaction(database_alias(), lambda: connections[OTHER].in_atomic_block)


@pytest.mark.usefixtures("routed")
def test_the_root_is_made_where_the_streams_are() -> None:
    """SUB-1: after ``migrate`` and ``flush`` of that database, and of no other."""
    for alias in (ALIAS, OTHER):
        Stream.objects.using(alias).all().delete()
        ensure_root(alias)
    assert [Stream.objects.using(alias).count() for alias in (ALIAS, OTHER)] == [0, 1]


def errors() -> list[CheckMessage]:
    return [each for each in check_databases() if each.id == "hubbub.E003"]


@pytest.mark.usefixtures("two")
def test_a_check_says_what_is_apart() -> None:
    assert errors() == []
    with override_settings(DATABASE_ROUTERS=[ToOther()]):
        assert errors() == []
    for router, named in ((ChatApart(), "hubbub_chat.Message"), (UsersApart(), "auth.User"), (Replica(), "Stream")):
        with override_settings(DATABASE_ROUTERS=[router]):
            (error,) = errors()
            assert named in error.msg and "DATABASE_ROUTERS" in str(error.hint)


@pytest.mark.parametrize("aware", [True, False])
def test_a_check_says_that_times_need_a_zone(aware: bool) -> None:
    """EVT-2: without USE_TZ nobody would know which moment a time in the database is."""
    with override_settings(USE_TZ=aware):
        found = check_time_zones()
    assert [each.id for each in found] == ([] if aware else ["hubbub.E004"])
    assert aware or "USE_TZ = True" in str(found[0].hint)
