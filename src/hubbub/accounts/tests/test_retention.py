"""``hubbub prune``, and what serving processes note by the way."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.backends.file import SessionStore as FileStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from hubbub.accounts.models import Login
from hubbub.accounts.retention import AT_ONCE, SEEN_EVERY, Seen
from hubbub.django.auth import actor_of_token
from hubbub.django.models import Event, Receipt, Stream
from hubbub.django.publish import publish
from hubbub.django.retention import forget_sessions
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.control import SessionsEnded
from hubbub.testing import hear_events

pytestmark = pytest.mark.django_db


def prune(*args: str) -> dict[str, int]:
    out = StringIO()
    call_command("prune", *args, stdout=out)
    rows = (line.rsplit(": ", 1) for line in out.getvalue().splitlines())
    return {name: int(count) for name, count in rows}


def write(topic: str, count: int) -> None:
    for n in range(count):
        publish(topic, SessionsEnded("u.1", str(n)))


def age(days: float, **which: Any) -> None:
    Event.objects.filter(**which).update(created_at=timezone.now() - timedelta(days=days))


def state(topic: str) -> tuple[int, int, int]:
    stream = Stream.objects.get(topic=topic)
    return stream.first, stream.top, stream.events.count()


@pytest.mark.parametrize("batch", ["1", "3", "1000"])
def test_old_events_go_and_offsets_stay(batch):
    """EVT-1, SUB-2: what is gone is known to be gone."""
    write("feed.a", 5)
    write("feed.b", 4)
    write("feed.a", 2)
    age(31, stream__topic="feed.a", offset__lte=5)
    age(29, stream__topic="feed.b", offset__lte=2)
    assert prune("--batch", batch)["old events"] == 5
    assert (state("feed.a"), state("feed.b")) == ((6, 7, 2), (1, 4, 4))
    assert prune("--batch", batch)["old events"] == 0
    write("feed.a", 1)
    assert [event.offset for event in DjangoStreamStore().read("feed.a", 0, 10)] == [6, 7, 8]


@pytest.mark.parametrize("batch", ["1", "3", "1000"])
def test_long_streams_are_cut(settings, batch):
    settings.HUBBUB = {"EVENTS_PER_TOPIC": 3}
    for topic, count in (("feed.a", 8), ("feed.b", 3), ("feed.c", 5)):
        write(topic, count)
    hear_events()
    assert prune("--batch", batch)["events of long streams"] == 7
    assert [state(topic) for topic in ("feed.a", "feed.b", "feed.c")] == [(6, 8, 3), (1, 3, 3), (3, 5, 3)]
    assert prune("--batch", batch)["events of long streams"] == 0


def test_nothing_goes_where_all_is_kept(settings, api, ann):
    settings.HUBBUB = {"EVENT_DAYS": 0, "EVENTS_PER_TOPIC": 0, "LOGIN_DAYS": 0}
    write("feed.a", 3)
    age(4000)
    api.sign_in()
    Login.objects.update(ended_at=timezone.now() - timedelta(days=4000))
    assert set(prune().values()) == {0}


def test_sign_ins_and_tokens(api, ann):
    """What is kept still works, and what was refused is refused as before."""
    now = timezone.now()
    pairs = [api.sign_in() for _ in range(4)]
    ended, expired, recent, open_ = (actor_of_token(pair["access"]).login for pair in pairs)
    Login.objects.filter(pk=ended).update(ended_at=now - timedelta(days=91))
    Login.objects.filter(pk=expired).update(expires_at=now - timedelta(days=91))
    Login.objects.filter(pk=recent).update(ended_at=now - timedelta(days=89))
    fresh = api.post("token/refresh/", {"refresh": pairs[3]["refresh"]}).json()
    OutstandingToken.objects.create(user=ann, jti="old", token="x", expires_at=now - timedelta(seconds=1))
    BlacklistedToken.objects.create(token=OutstandingToken.objects.get(jti="old"))
    Receipt.objects.create(author="u.1", client_id="x", action="x", reply="{}", expires_at=now - timedelta(days=1))
    counts = prune("--batch", "1")
    assert (counts["sign-ins"], counts["spent tokens"], counts["receipts"]) == (2, 1, 1)
    assert set(Login.objects.values_list("pk", flat=True)) == {recent, open_}
    assert BlacklistedToken.objects.count() == 1
    for pair in pairs[:3]:
        assert api.get("me/", token=pair["access"]).status_code == 401
        assert api.post("token/refresh/", {"refresh": pair["refresh"]}).status_code == 401
    assert api.get("me/", token=fresh["access"]).status_code == 200
    assert set(prune().values()) == {0}


def test_a_sign_in_lasts_as_long_as_its_newest_token(api, ann):
    pair = api.sign_in()
    Login.objects.update(expires_at=timezone.now(), last_seen_at=timezone.now() - timedelta(days=1))
    assert api.post("token/refresh/", {"refresh": pair["refresh"]}).status_code == 200
    login = Login.objects.get()
    assert login.expires_at is not None and login.expires_at > timezone.now() + timedelta(days=29)
    assert login.last_seen_at > timezone.now() - timedelta(minutes=1)


def engine_at(now: list[float], sessions: list[Any]) -> Any:
    """What a job sees of an engine."""
    clock = SimpleNamespace(monotonic=lambda: now[0])
    return SimpleNamespace(clock=clock, sessions=SimpleNamespace(all=lambda: sessions))


def test_use_is_noted_once_in_a_while(ann, django_assert_num_queries):
    """Ten sockets of one sign-in, and then none: one write in ten minutes, whatever they do."""
    login = Login.objects.create(user=ann, kind="token", last_seen_at=timezone.now() - timedelta(days=3))
    session = SimpleNamespace(actor=SimpleNamespace(login=login.pk))
    nobody = SimpleNamespace(actor=SimpleNamespace(login=""))
    now, seen = [0.0], Seen()
    engine = engine_at(now, [session] * 10 + [nobody])
    work = seen(engine)
    assert work is not None
    with django_assert_num_queries(3):  # A savepoint around it.
        work()
    login.refresh_from_db()
    assert login.last_seen_at > timezone.now() - timedelta(minutes=1)
    now[0] += SEEN_EVERY - 1
    assert seen(engine) is None
    now[0] += 1
    assert seen(engine) is not None


def test_many_are_noted_a_part_at_a_time():
    sessions = [SimpleNamespace(actor=SimpleNamespace(login=str(n))) for n in range(2 * AT_ONCE + 1)]
    engine = engine_at([0.0], sessions)
    seen, noted = Seen(), []
    while work := seen(engine):
        noted.append(work.args[1])  # type: ignore[attr-defined]
    assert [len(batch) for batch in noted] == [AT_ONCE, AT_ONCE, 1]
    assert len({id for batch in noted for id in batch}) == 2 * AT_ONCE + 1


def test_sessions_that_are_over_are_forgotten_by_and_by():
    """JOB-1: those of a large site in short transactions."""
    for days in (-2, -1, -1, 1):
        session = SessionStore()
        session.set_expiry(timezone.now() + timedelta(days=days))
        session.create()
    assert [forget_sessions(2) for _ in range(3)] == [2, 1, 0]
    assert Session.objects.get().session_key == session.session_key


def test_sessions_elsewhere(settings, tmp_path):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.file"
    settings.SESSION_FILE_PATH = str(tmp_path)
    store = FileStore()
    store.set_expiry(timezone.now() - timedelta(days=1))
    store.create()
    assert forget_sessions() == 0
    assert not list(tmp_path.iterdir())
