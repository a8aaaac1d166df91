"""Digests on PostgreSQL, where others write between two statements: what they commit is neither undone nor lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM
from hubbub.notifications import queries
from hubbub.notifications.digests import actions
from hubbub.notifications.digests.messages import NewEmailDigests
from hubbub.notifications.digests.models import Digest, DigestItem
from hubbub.notifications.models import Notification
from tests.contracts.databases import Database

pytestmark = pytest.mark.postgres


@pytest.fixture
def ann(postgres_database: Database) -> User:
    return User.objects.create_user("ann", email="ann@example.org")


def told(user: User, number: int) -> tuple[Any, int, int]:
    row = Notification.objects.create(user=user, number=number, kind="general", title="Tea", created_at=timezone.now())
    return user.pk, row.pk, number


def beside(database: Database, monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> Callable[[], None]:
    """Have an action tried elsewhere when the next one here has read the digest. Returns what does it, if it waits."""
    waits: list[bool] = []

    def tried() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = 100")
            action()

    def box_of(user_id: Any) -> Any:
        monkeypatch.undo()
        try:
            database.elsewhere(tried)
        except OperationalError:
            waits.append(True)
        return queries.box_of(user_id)

    def again() -> None:
        if waits:
            database.elsewhere(action)

    monkeypatch.setattr(actions, "box_of", box_of)
    return again


def test_who_ends_digests_while_one_is_sent(
    ann: User, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PSH-9"""
    Digest.objects.create(user=ann, due=timezone.now())
    again = beside(postgres_database, monkeypatch, lambda: actions.turn_off(SYSTEM, ann.pk))
    actions.finish(SYSTEM, ann.pk, [], sent=False)
    again()
    digest = Digest.objects.get()
    assert (digest.every, digest.due) == ("off", None)


@pytest.mark.parametrize("ended", ["finished", "chosen"])
def test_what_comes_while_one_ends(
    ended: str, ann: User, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PSH-8: a next one is due for it."""
    first, second = told(ann, 1), told(ann, 2)
    actions.collect(SYSTEM, [first])
    again = beside(postgres_database, monkeypatch, lambda: actions.collect(SYSTEM, [second]))
    if ended == "finished":
        actions.finish(SYSTEM, ann.pk, [first[1:]], sent=True)
    else:
        DigestItem.objects.all().delete()
        actions.choose(actor_of_user(ann), NewEmailDigests(every="hourly"))
    again()
    assert DigestItem.objects.get().number == 2
    assert Digest.objects.get().due is not None


def test_who_ends_them_while_one_fails(ann: User) -> None:
    """PSH-9"""
    actions.collect(SYSTEM, [told(ann, 1)])
    actions.turn_off(SYSTEM, ann.pk)
    assert actions.failed(SYSTEM, ann.pk) == 1
    assert Digest.objects.get().due is None
