"""Temporary groups: for a time, and its end acts on live sockets."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

import hubbub
from hubbub import Audience
from hubbub.audiences import actions
from hubbub.audiences.models import TemporaryGroup
from hubbub.django.audiences import is_in
from hubbub.django.auth import actor_of_user
from hubbub.django.models import Event, RecurringJob
from hubbub.engine.actor import SYSTEM
from hubbub.protocol.errors import Absent, BadData
from hubbub.testing import SyncEngine

pytestmark = pytest.mark.django_db


def test_for_a_time(
    hubbub_sync: SyncEngine, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """AUD-4: when it is over, its sockets leave, and what was said to it is withdrawn; one event each."""
    ann, ben = hubbub_sync.pair("ann", "ben")
    ann.send("announcements.subscribe")
    now = timezone.now()
    RecurringJob.objects.create(name="expired groups", due=now + timedelta(days=1))
    with django_capture_on_commit_callbacks(execute=True):
        group = actions.create_group(SYSTEM, "Party", [ann.user.pk], now + timedelta(hours=1))
    assert RecurringJob.objects.get().due == group.expires_at
    audience = Audience.temporary(group)
    actions.add_to_group(SYSTEM, group.pk, [ann.user.pk, ben.user.pk])
    ann.wait_for(lambda: audience.topic in ann.connection.session.subscriptions)
    said = hubbub.announce(audience, "There is cake")
    ann.event("announcements.announced", audience.topic)
    assert is_in(actor_of_user(ben.user), audience)
    before = Event.objects.count()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(hours=2))
    assert not is_in(actor_of_user(ben.user), audience)
    assert actions.end_expired(SYSTEM) == 1
    assert actions.end_expired(SYSTEM) == 0
    assert ann.event("announcements.withdrawn")["data"] == {"id": said.pk}
    ann.wait_for(lambda: audience.topic not in ann.connection.session.subscriptions)
    assert Event.objects.count() - before == 2
    assert not TemporaryGroup.objects.exists()


def test_longer_shorter_and_ended() -> None:
    """AUD-4"""
    now = timezone.now()
    with pytest.raises(BadData):
        actions.create_group(SYSTEM, "Party", [], now)
    with pytest.raises(BadData):
        actions.create_group(SYSTEM, "Party", [4711], now + timedelta(hours=1))
    group = actions.create_group(SYSTEM, "Party", [], now + timedelta(hours=1))
    assert actions.extend_group(SYSTEM, group.pk, now + timedelta(hours=2)).expires_at == now + timedelta(hours=2)
    actions.end_group(SYSTEM, group.pk)
    with pytest.raises(Absent):
        actions.end_group(SYSTEM, group.pk)


def test_over_rest(admin_client: Client) -> None:
    """AUD-5"""
    pk = admin_client.get("/api/auth/me/").json()["id"]
    sent: Any = {"content_type": "application/json"}
    team = admin_client.post("/api/teams/", {"name": "Company"}, **sent).json()
    below = admin_client.post("/api/teams/", {"name": "Kitchen", "parent": team["id"]}, **sent).json()
    assert admin_client.post(f"/api/teams/{below['id']}/members/", {"users": [pk]}, **sent).status_code == 204
    (_, listed) = admin_client.get("/api/teams/").json()["teams"]
    assert (listed["members"], listed["parent"], listed["audience"]) == ([pk], team["id"], f"team.{below['id']}")
    moved = admin_client.patch(f"/api/teams/{below['id']}/", {"parent": None, "name": "Cooks"}, **sent).json()
    assert (moved["parent"], moved["name"]) == (None, "Cooks")
    for strange in (10**30, "x", -1):
        wrong = admin_client.post(f"/api/teams/{below['id']}/members/", {"users": [strange]}, **sent)
        assert wrong.status_code == 400, wrong.content
    assert admin_client.post("/api/teams/", {"name": "x", "parent": 10**30}, **sent).status_code in (400, 404)
    assert admin_client.delete(f"/api/teams/{10**30}/").status_code == 404
    until = {"expires_at": "2100-01-01T00:00:00Z"}
    group = admin_client.post("/api/temporary-groups/", {"name": "Party", "users": [pk], **until}, **sent).json()
    (listed,) = admin_client.get("/api/temporary-groups/").json()["groups"]
    assert listed == group
    assert admin_client.delete(f"/api/temporary-groups/{group['id']}/").status_code == 204
