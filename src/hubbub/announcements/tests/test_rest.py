"""What staff see and do over REST, and what everybody reads there."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

import hubbub
from hubbub import Audience
from hubbub.announcements import actions
from hubbub.django.auth import actor_of_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


def send(client: Client, method: str, path: str, **data: Any) -> Any:
    answer = getattr(client, method)(f"/api/announcements/{path}", data, content_type="application/json")
    assert answer.status_code < 300, answer.content
    return answer.json() if answer.content else None


def test_who_has_seen_it(staff: Client) -> None:
    """ANN-7: paged, with counts; of those who are in the audience now."""
    cooks = Group.objects.create(name="Cooks")
    people = [User.objects.create(username=name) for name in ("ann", "ben", "cem")]
    cooks.user_set.set(people)
    made = send(staff, "post", "sent/", audience=f"group.{cooks.pk}", title="Soup", acknowledge=True)
    ann = actor_of_user(people[0])
    actions.see(ann, made["number"])
    actions.acknowledge(ann, made["id"])
    page = send(staff, "get", f"sent/{made['id']}/readers/", limit=2)
    assert {name: page[name] for name in ("members", "seen", "acknowledged", "more")} == {
        "members": 3, "seen": 1, "acknowledged": 1, "more": True,
    }  # fmt: skip
    assert [(each["username"], each["seen"]) for each in page["readers"]] == [("ann", True), ("ben", False)]
    assert page["readers"][0]["acknowledged_at"] is not None
    rest = send(staff, "get", f"sent/{made['id']}/readers/", after=page["readers"][1]["id"])
    assert ([each["username"] for each in rest["readers"]], rest["more"]) == (["cem"], False)
    for state, names in {"seen": ["ann"], "unseen": ["ben", "cem"], "unacknowledged": ["ben", "cem"]}.items():
        found = send(staff, "get", f"sent/{made['id']}/readers/", state=state)["readers"]
        assert [each["username"] for each in found] == names
    cooks.user_set.remove(people[0])
    assert send(staff, "get", f"sent/{made['id']}/readers/")["seen"] == 0
    for wrong in ("state=x", "after=x", "limit=x"):
        assert staff.get(f"/api/announcements/sent/{made['id']}/readers/?{wrong}").status_code == 400


def test_made_changed_withdrawn(staff: Client) -> None:
    """ANN-7"""
    made = send(staff, "post", "sent/", audience="everyone", title="Soup", at="2100-01-01T12:00:00Z")
    assert made["number"] is None
    changed = send(staff, "patch", f"sent/{made['id']}/", title="Bread", at="2100-01-01T13:00:00Z")
    assert (changed["title"], changed["begins_at"]) == ("Bread", "2100-01-01T13:00:00Z")
    send(staff, "delete", f"sent/{made['id']}/")
    (listed,) = send(staff, "get", "sent/")["announcements"]
    assert listed["withdrawn_at"] is not None
    for wrong in ({"audience": "team.99"}, {"audience": "no audience"}, {"at": "2100-01-01T12:00:00"}):
        said = {"audience": "everyone", "title": "x", **wrong}
        assert staff.post("/api/announcements/sent/", said, content_type="application/json").status_code == 400


def test_ones_own(staff: Client) -> None:
    """ANN-4"""
    for number in range(3):
        hubbub.announce(Audience.staff(), f"{number}")
    hubbub.announce(Audience.users(), "Not for staff")
    page = send(staff, "get", "", limit=2)
    assert ([each["title"] for each in page["announcements"]], page["more"]) == (["2", "1"], True)
    last = page["announcements"][-1]["number"]
    assert [each["title"] for each in send(staff, "get", "", before=last)["announcements"]] == ["0"]
    assert send(staff, "post", "see/", up_to=last) == {"number": last, "unread": 1}
