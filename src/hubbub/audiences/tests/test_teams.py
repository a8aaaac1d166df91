"""The tree of teams: who is in what, and live sockets that go along."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import User

import hubbub
from hubbub import Audience
from hubbub.audiences import actions
from hubbub.audiences.models import Team
from hubbub.audiences.tests.conftest import Company
from hubbub.django.audiences import audiences_of, is_in, members_of
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM
from hubbub.protocol.errors import BadData, Conflict, Forbidden
from hubbub.testing import SyncConnection, SyncEngine

pytestmark = pytest.mark.django_db


def followed(connection: SyncConnection) -> set[str]:
    """The teams whose topic the connection follows."""
    topics = connection.connection.session.subscriptions
    return {topic.removeprefix("audience.") for topic in topics if topic.startswith("audience.team.")}


def keys(*teams: Team) -> set[str]:
    return {Audience.team(team).key for team in teams}


def teams_of(user: User) -> set[str]:
    return {each.key for each in audiences_of(user.pk) if each.kind == "team"}


def test_who_is_in_a_team_is_in_all_above(company: Company) -> None:
    """AUD-1 AUD-3"""
    ann, ben = User.objects.create(username="ann"), User.objects.create(username="ben", is_active=False)
    actions.add_to_team(SYSTEM, company.kitchen.pk, [ann.pk, ben.pk])
    assert teams_of(ann) == keys(company.kitchen, company.department, company.top)
    assert set(members_of(Audience.team(company.top))) == {ann.pk}
    assert is_in(actor_of_user(ann), Audience.team(company.top))
    assert not is_in(actor_of_user(ann), Audience.team(company.sales))
    assert not is_in(actor_of_user(ann), Audience("team.x"))
    assert not is_in(actor_of_user(ann), Audience("nothing.1"))


def test_live_sockets_go_along(hubbub_sync: SyncEngine, company: Company) -> None:
    """AUD-2 AUD-3: added, moved, removed; each within a second."""
    ann, _ = hubbub_sync.pair("ann", "ben")
    ann.send("announcements.subscribe")
    took: dict[str, float] = {}

    def timed(what: str, change: Any, expected: set[str]) -> None:
        began = time.monotonic()
        change()
        ann.wait_for(lambda: followed(ann) == expected, what)
        took[what] = time.monotonic() - began

    house = keys(company.kitchen, company.department, company.top)
    timed("added", lambda: actions.add_to_team(SYSTEM, company.kitchen.pk, [ann.user.pk]), house)
    hubbub.announce(Audience.team(company.department), "To the house")
    assert ann.event("announcements.announced")["data"]["announcement"]["title"] == "To the house"
    timed("moved", lambda: actions.move_team(SYSTEM, company.kitchen.pk, company.sales.pk), house_without(company))
    assert ann.event("announcements.left")["data"] == {"audience": Audience.team(company.department).key}
    hubbub.announce(Audience.team(company.department), "No more of hers")
    timed("removed", lambda: actions.remove_from_team(SYSTEM, company.kitchen.pk, [ann.user.pk]), set())
    hubbub.announce(Audience.team(company.top), "Nor this")
    ann.no_event("announcements.announced", Audience.team(company.top).topic)
    assert len(ann.events(Audience.team(company.department).topic)) == 1
    assert max(took.values()) < 1
    print({f"{what}, ms": round(1000 * seconds, 1) for what, seconds in took.items()})


def house_without(company: Company) -> set[str]:
    return keys(company.kitchen, company.sales, company.top)


def test_in_two_teams_of_one_company(company: Company) -> None:
    """AUD-3: who leaves one team stays in what is above the other."""
    ann = User.objects.create(username="ann")
    for team in (company.kitchen, company.sales):
        actions.add_to_team(SYSTEM, team.pk, [ann.pk])
    actions.remove_from_team(SYSTEM, company.kitchen.pk, [ann.pk])
    assert teams_of(ann) == keys(company.sales, company.top)


def test_the_tree_stays_a_tree(company: Company) -> None:
    """AUD-3"""
    with pytest.raises(BadData):
        actions.move_team(SYSTEM, company.top.pk, company.kitchen.pk)
    with pytest.raises(Conflict):
        actions.delete_team(SYSTEM, company.department.pk)
    actions.move_team(SYSTEM, company.department.pk, None)
    assert Team.objects.get(pk=company.kitchen.pk).line == [company.department.pk, company.kitchen.pk]


def test_a_deleted_team(hubbub_sync: SyncEngine, company: Company) -> None:
    """AUD-4: what was said to it is withdrawn, and its sockets leave."""
    ann, _ = hubbub_sync.pair("ann", "ben")
    actions.add_to_team(SYSTEM, company.kitchen.pk, [ann.user.pk])
    said = hubbub.announce(Audience.team(company.kitchen), "Soup")
    assert ann.send("announcements.subscribe")["unread"] == 1
    actions.delete_team(SYSTEM, company.kitchen.pk)
    assert ann.event("announcements.withdrawn")["data"] == {"id": said.pk}
    ann.wait_for(lambda: followed(ann) == set())
    assert ann.send("announcements.subscribe")["announcements"] == []


def test_many_at_once(company: Company) -> None:
    """AUD-2: more than a statement takes."""
    User.objects.bulk_create([User(username=f"u{number}") for number in range(1_200)])
    pks = list(User.objects.values_list("pk", flat=True))
    hubbub.announce(Audience.team(company.kitchen), "Welcome")
    actions.add_to_team(SYSTEM, company.kitchen.pk, pks)
    assert members_of(Audience.team(company.top)).count() == 1_200
    actions.remove_from_team(SYSTEM, company.kitchen.pk, pks)
    assert not members_of(Audience.team(company.top)).exists()


def test_only_staff_with_the_permission(company: Company) -> None:
    """AUD-5"""
    ann = User.objects.create(username="ann", is_staff=True)
    with pytest.raises(Forbidden):
        actions.add_to_team(actor_of_user(ann), company.kitchen.pk, [ann.pk])
