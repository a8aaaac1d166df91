"""ANN-5: what is live and the events after it, applied, equal what is live then."""

import json
from functools import partial
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import Group, User

import hubbub
from hubbub import Audience
from hubbub.announcements import actions, queries
from hubbub.announcements.models import Seen
from hubbub.announcements.tests.state import apply
from hubbub.audiences import actions as audiences
from hubbub.django.auth import actor_of_user
from hubbub.django.models import Event
from hubbub.engine.actor import SYSTEM
from hubbub.protocol.errors import Absent, BadData
from hubbub.testing import verify_action

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return User.objects.create(username="ann")


def checked(user: User) -> Any:
    """``verify_action`` of what the user is shown."""
    actor = actor_of_user(user)

    def fetch() -> Any:
        return msgspec.to_builtins(queries.feed(actor)._asdict())

    return partial(verify_action, apply=apply, fetch=fetch)


def test_all_that_happens_to_an_announcement(ann: User) -> None:
    """ANN-1 ANN-4 ANN-5"""
    verify, actor = checked(ann), actor_of_user(ann)
    first = verify(lambda: hubbub.announce(Audience.everyone(), "Read this", acknowledge=True))
    second = verify(lambda: hubbub.announce(Audience.users(), "And this"))
    verify(lambda: actions.see(actor, first.number))
    verify(lambda: actions.see(actor, 0), changes=False)
    assert verify(lambda: actions.see(actor, 2**53)).unread == 0
    verify(lambda: actions.acknowledge(actor, first.pk))
    verify(lambda: actions.acknowledge(actor, first.pk), changes=False)
    verify(lambda: actions.change(SYSTEM, first.pk, {"title": "Read that"}))
    verify(lambda: actions.change(SYSTEM, first.pk, {"title": "Read that"}), changes=False)
    verify(lambda: actions.withdraw(SYSTEM, second.pk))
    verify(lambda: actions.withdraw(SYSTEM, second.pk), changes=False)
    verify(lambda: hubbub.announce(Audience.everyone(), "Not seen, whatever was said before"))
    with pytest.raises(BadData):
        actions.acknowledge(actor, hubbub.announce(Audience.everyone(), "No need").pk)
    with pytest.raises(Absent):
        actions.acknowledge(actor, second.pk)


def test_what_is_acknowledged_is_read(ann: User) -> None:
    """ANN-4 ANN-5: on all devices, although what is older is not seen, and for staff."""
    verify, actor = checked(ann), actor_of_user(ann)
    older = verify(lambda: hubbub.announce(Audience.everyone(), "The canteen is closed"))
    row = verify(lambda: hubbub.announce(Audience.everyone(), "Read this", acknowledge=True))
    verify(lambda: actions.acknowledge(actor, row.pk))
    assert queries.unread(ann.pk, ["everyone"]) == queries.feed(actor).unread == 1
    assert [queries.counts(each).seen for each in (older, row)] == [0, 1]


def test_who_joins_later_sees_what_is_live(ann: User) -> None:
    """ANN-6 ANN-5"""
    verify, actor = checked(ann), actor_of_user(ann)
    cooks, team = Group.objects.create(name="Cooks"), audiences.create_team(SYSTEM, "Kitchen")
    hubbub.announce(Audience.group(cooks), "Soup")
    hubbub.announce(Audience.team(team), "Bread")
    hubbub.announce(Audience.everyone(), "Later")
    actions.see(actor, 2**53)
    verify(lambda: ann.groups.add(cooks))
    verify(lambda: audiences.add_to_team(SYSTEM, team.pk, [ann.pk]))
    assert queries.feed(actor).unread == 2, "it was never shown, although what is newer was"
    verify(lambda: actions.see(actor, 2**53))
    verify(lambda: ann.groups.remove(cooks))
    verify(lambda: ann.groups.add(cooks))
    assert queries.feed(actor).unread == 0, "it was seen before"
    verify(lambda: audiences.delete_team(SYSTEM, team.pk))
    verify(lambda: cooks.delete())
    assert set(Seen.objects.values_list("audience", flat=True)) == {"everyone"}, "nobody asks for the others any more"


def test_who_joins_is_told_the_latest(ann: User) -> None:
    """ANN-6: 20 of each audience, however much is live there."""
    groups = [Group.objects.create(name=name) for name in ("Cooks", "Waiters")]
    for group in groups:
        for number in range(22):
            hubbub.announce(Audience.group(group), f"{number}")
    ann.groups.set(groups)
    told = [json.loads(event.data) for event in Event.objects.filter(type="announcements.joined").order_by("pk")]
    assert [len(each["announcements"]) for each in told] == [20, 20]
    for each in told:
        assert [row["title"] for row in each["announcements"]][:2] == ["21", "20"]


def test_staff_come_and_go(ann: User) -> None:
    """AUD-2"""
    verify = checked(ann)
    hubbub.announce(Audience.staff(), "For staff")
    hubbub.announce(Audience.users(), "For the others")
    for ann.is_staff in (True, False):
        verify(ann.save)
    ann.first_name = "Ann"
    verify(ann.save, changes=False)


def test_notified_as_an_audience(ann: User) -> None:
    """NTF-2 ANN-1"""
    checked(ann)(lambda: hubbub.notify(Audience.everyone(), "The menu is out", link="/menu"))
    (shown,) = queries.feed(actor_of_user(ann)).announcements
    assert (shown.title, shown.link, shown.banner) == ("The menu is out", "/menu", False)
