"""The admin's pages of teams and groups."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from hubbub.audiences.models import Team, TeamMember, TemporaryGroup, TemporaryMember

pytestmark = pytest.mark.django_db

PAGES = "/admin/hubbub_audiences/"


def test_teams_and_their_members(admin_client: Client) -> None:
    """AUD-5 AUD-3"""
    for fields in ({"name": "Company"}, {"name": "Kitchen", "parent": ""}):
        assert admin_client.post(f"{PAGES}team/add/", fields).status_code == 302
    top, kitchen = Team.objects.order_by("pk")
    changed = {"name": "Cooks", "parent": top.pk}
    assert admin_client.post(f"{PAGES}team/{kitchen.pk}/change/", changed).status_code == 302
    kitchen.refresh_from_db()
    assert (kitchen.name, kitchen.line) == ("Cooks", [top.pk, kitchen.pk])
    below = {"name": "Company", "parent": kitchen.pk}
    assert b"below itself" in admin_client.post(f"{PAGES}team/{top.pk}/change/", below).content
    member = {"team": kitchen.pk, "user": User.objects.get().pk}
    assert admin_client.post(f"{PAGES}teammember/add/", member).status_code == 302
    admin_client.post(f"{PAGES}teammember/", {"action": "remove", "_selected_action": [TeamMember.objects.get().pk]})
    assert not TeamMember.objects.exists()
    both = {"action": "delete_teams", "_selected_action": [top.pk, kitchen.pk]}
    admin_client.post(f"{PAGES}team/", both)
    assert not Team.objects.exists()


def test_temporary_groups(admin_client: Client) -> None:
    """AUD-4 AUD-5"""
    fields = {"name": "Party", "expires_at_0": "2100-01-01", "expires_at_1": "12:00:00"}
    assert admin_client.post(f"{PAGES}temporarygroup/add/", fields).status_code == 302
    group = TemporaryGroup.objects.get()
    member = {"group": group.pk, "user": User.objects.get().pk}
    assert admin_client.post(f"{PAGES}temporarymember/add/", member).status_code == 302
    assert TemporaryMember.objects.count() == 1
    over = {**fields, "expires_at_0": "2000-01-01"}
    assert b"over already" in admin_client.post(f"{PAGES}temporarygroup/{group.pk}/change/", over).content
    admin_client.post(f"{PAGES}temporarygroup/", {"action": "end_groups", "_selected_action": [group.pk]})
    assert not TemporaryGroup.objects.exists()
