"""The admin's pages: what is done there is done by the actions."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

import hubbub
from hubbub import Audience
from hubbub.announcements.models import Announcement
from hubbub.django.models import Event

pytestmark = pytest.mark.django_db

PAGES = "/admin/hubbub_announcements/announcement/"


def given(**fields: Any) -> dict[str, Any]:
    return {
        "audience": "everyone", "title": "Soup", "level": "info", "banner": "on",
        "begins_at_0": "2020-01-01", "begins_at_1": "12:00:00", **fields,
    }  # fmt: skip


def test_announced_changed_and_withdrawn(admin_client: Client) -> None:
    """ANN-7"""
    assert admin_client.post(f"{PAGES}add/", given()).status_code == 302
    row = Announcement.objects.get()
    assert (row.number, row.author) == (1, User.objects.get())
    page = admin_client.get(f"{PAGES}{row.pk}/change/").content.decode()
    assert "0 of 1 have seen it" in page
    assert admin_client.post(f"{PAGES}{row.pk}/change/", given(title="Bread")).status_code == 302
    admin_client.post(PAGES, {"action": "withdraw", "_selected_action": [row.pk]})
    events = Event.objects.filter(stream__topic="audience.everyone").order_by("pk").values_list("type", flat=True)
    assert [name.partition(".")[2] for name in events] == ["announced", "changed", "withdrawn"]


def test_what_the_action_would_refuse(admin_client: Client) -> None:
    """ANN-2"""
    for wrong in ({"audience": "team.99"}, {"link": "javascript:x"}):
        answer = admin_client.post(f"{PAGES}add/", given(**wrong))
        assert answer.status_code == 200
        assert b"errornote" in answer.content
    assert not Announcement.objects.exists()


def test_staff_without_permissions_see_nothing(client: Client) -> None:
    """ANN-7"""
    client.force_login(User.objects.create(username="ann", is_staff=True))
    row = hubbub.announce(Audience.everyone(), "Soup")
    for path in ("", "add/", f"{row.pk}/change/"):
        assert client.get(f"{PAGES}{path}").status_code in (302, 403)
