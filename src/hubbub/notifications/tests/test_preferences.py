"""What users want, and when they want to be left alone."""

import json
from datetime import UTC, datetime, time
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

import hubbub
from hubbub.django import models, notifying
from hubbub.django.auth import actor_of_user
from hubbub.notifications import actions, notification_kind, queries
from hubbub.notifications import messages as wire
from hubbub.notifications.models import Preference
from hubbub.notifications.preferences import is_quiet, may_alert
from hubbub.protocol.errors import BadData


@pytest.mark.parametrize(
    ("begins", "ends", "zone", "now", "quiet"),
    [
        ("22:00", "07:00", "UTC", "23:00", True),
        ("22:00", "07:00", "UTC", "06:59", True),
        ("22:00", "07:00", "UTC", "07:00", False),
        ("22:00", "07:00", "UTC", "21:59", False),
        ("12:00", "13:00", "UTC", "12:30", True),
        ("12:00", "13:00", "UTC", "13:00", False),
        # In winter Berlin is an hour before UTC, Kathmandu 5:45.
        ("22:00", "07:00", "Europe/Berlin", "21:00", True),
        ("22:00", "07:00", "Europe/Berlin", "06:00", False),
        ("22:00", "07:00", "Asia/Kathmandu", "16:15", True),
        ("22:00", "07:00", "Asia/Kathmandu", "16:14", False),
    ],
)
def test_quiet_hours(begins: str, ends: str, zone: str, now: str, quiet: bool) -> None:
    """NTF-5: by the user's clock, past midnight too."""
    at = datetime.combine(datetime(2026, 11, 22), time.fromisoformat(now), UTC)
    assert is_quiet(time.fromisoformat(begins), time.fromisoformat(ends), zone, at) is quiet
    assert not is_quiet(None, None, zone, at)


def test_what_decides() -> None:
    """NTF-5: every case there is."""
    for wanted, quiet, focused, level in product((True, False), (True, False), (True, False), notifying.LEVELS):
        may = may_alert(wanted=wanted, level=level, quiet=quiet, focused=focused)
        assert may == (wanted and not focused and (level == "danger" or not quiet))


pytestmark = pytest.mark.django_db


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "kinds", dict(notifying.kinds))
    for module in ("preferences", "queries", "actions.preferences"):
        monkeypatch.setattr(f"hubbub.notifications.{module}.kinds", notifying.kinds)


def alerts() -> list[bool]:
    told = models.Event.objects.filter(type="notifications.notified").order_by("pk")
    return ['"alert":true' in each.data for each in told]


def test_defaults_and_wishes(kinds: None, ann: User, bob: User) -> None:
    """NTF-5: a kind's defaults hold until the user says otherwise."""
    notification_kind("tasks.assigned", "Tasks assigned to you")
    notification_kind("tasks.chatter", "Chatter", channels=[])
    assert hubbub.notify([ann, bob], "x", kind="tasks.chatter") == []
    who = actor_of_user(ann)
    actions.set_preference(who, "tasks.chatter", "site", True)
    shown = actions.set_preference(who, "tasks.assigned", "browser", False)
    wanted = {each.kind: each.channels for each in shown.kinds}
    assert wanted["tasks.chatter"] == {"site": True, "browser": False, "push": False, "email": False}
    assert wanted["tasks.assigned"] == {"site": True, "browser": False, "push": True, "email": False}
    assert shown == queries.preferences(ann.pk)
    assert len(hubbub.notify([ann, bob], "x", kind="tasks.chatter")) == 1
    assert len(hubbub.notify([ann, bob], "x", kind="tasks.assigned")) == 2
    assert alerts() == [False, False, True]
    actions.set_preference(who, "tasks.assigned", "site", False)
    assert len(hubbub.notify([ann, bob], "x", kind="tasks.assigned")) == 1
    assert Preference.objects.count() == 3


def test_kinds_are_registered_once(kinds: None) -> None:
    notification_kind("a.b", "One")
    notification_kind("a.b", "One")
    with pytest.raises(ValueError, match="already registered, as 'One'"):
        notification_kind("a.b", "Two")
    for name in ("", "x" * 61, "a b"):
        with pytest.raises(ValueError, match="no name of a kind"):
            notification_kind(name, "x")


def test_quiet_now(ann: User) -> None:
    """NTF-5: in quiet hours the list fills, and only danger alerts."""
    now = timezone.now()
    hours = wire.QuietHours(f"{now:%H:%M}", f"{(now.hour + 2) % 24:02}:{now.minute:02}", "UTC")
    assert actions.set_quiet_hours(actor_of_user(ann), hours).quiet_hours == hours
    hubbub.notify(ann, "x")
    hubbub.notify(ann, "x", level="danger")
    actions.set_quiet_hours(actor_of_user(ann), wire.QuietHours(None, None, "Europe/Berlin"))
    hubbub.notify(ann, "x")
    assert alerts() == [False, True, True]
    assert queries.latest(ann.pk).unread == 3


def test_what_cannot_be_wanted(ann: User) -> None:
    who = actor_of_user(ann)
    for kind, channel in (("no.such", "site"), ("general", "pigeon")):
        with pytest.raises(BadData, match="There is no"):
            actions.set_preference(who, kind, channel, True)
    wrong = [("22:00", None, "UTC"), ("22:00", "22:00", "UTC"), ("01:00", "02:00", "../etc/passwd"), (None, None, "x")]
    for hours in wrong:
        with pytest.raises(BadData):
            actions.set_quiet_hours(who, wire.QuietHours(*hours))


def rest(client: Client, method: str, path: str, data: Any = None) -> Any:
    sent: Any = {} if data is None else {"data": json.dumps(data), "content_type": "application/json"}
    answer = client.generic(method, f"/api/notifications/{path}", **sent)
    return answer.status_code, answer.json()


def test_rest(client: Client, ann: User, bob: User) -> None:
    """NTF-1, NTF-4, NTF-5: the same over REST, in pages."""
    client.force_login(ann)
    ids = [hubbub.notify([ann, bob], f"{n}")[0] for n in range(5)]
    status, page = rest(client, "GET", "?limit=2")
    assert status == 200 and page["unread"] == 5 and page["previous"] is None
    seen = [row["title"] for row in page["results"]]
    while page["next"]:
        page = client.get(page["next"]).json()
        seen += [row["title"] for row in page["results"]]
    assert seen == ["4", "3", "2", "1", "0"] and page["previous"].endswith("?limit=2")
    assert rest(client, "POST", "mark/", {"ids": ids[:2]}) == (200, {"unread": 3})
    assert [row["title"] for row in rest(client, "GET", "?unread=true")[1]["results"]] == ["4", "3", "2"]
    assert rest(client, "GET", f"?limit={2**53 + 1}")[0] == 400 and rest(client, "GET", f"?limit={2**53}")[0] == 200
    status, error = rest(client, "GET", "?unread=null")
    assert status == 400 and error["message"] == "'unread' is to be true or false."
    assert rest(client, "POST", "mark-all/", {}) == (200, {"unread": 0})
    assert rest(client, "POST", "mark/", {"ids": [-1]})[0] == rest(client, "GET", "?before=x")[0] == 400
    assert rest(client, "PUT", "preferences/", {"kind": "x", "channel": "push", "on": True})[0] == 400
    wanted = rest(client, "PUT", "preferences/", {"kind": "general", "channel": "push", "on": False})[1]
    assert rest(client, "GET", "preferences/")[1] == wanted
    hours = {"begins": "22:00", "ends": "07:00", "timezone": "Europe/Berlin"}
    assert rest(client, "PUT", "quiet-hours/", hours)[1]["quiet_hours"] == hours
    for wrong in ("25:00", "22:00\n"):
        assert rest(client, "PUT", "quiet-hours/", {**hours, "begins": wrong})[0] == 400
    assert queries.latest(bob.pk).unread == 5
