"""Presence and the database: never for coming, going or living; once for the question who may see whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hubbub.chat import actions
from hubbub.django.auth import actor_of_user
from hubbub.django.contacts import contacts_of
from hubbub.presence.queries import presence_of
from hubbub.testing import ProjectEngine

pytestmark = pytest.mark.django_db


@asynccontextmanager
async def captured(engine: ProjectEngine) -> AsyncIterator[list[str]]:
    """The queries of the block, but for what the test's own engine asks in the place of a thread: has the log grown?"""
    context = CaptureQueriesContext(connection)
    found: list[str] = []
    # The loop has another connection than the test.
    await engine.run(context.__enter__)
    yield found
    await engine.run(context.__exit__, None, None, None)
    found += await engine.run(lambda: [each["sql"] for each in context if 'FROM "hubbub_event"' not in each["sql"]])


def make_people(*names: str) -> list[User]:
    return [User.objects.create_user(name) for name in names]


async def test_no_query_for_coming_going_and_living(hubbub_engine: ProjectEngine) -> None:
    """PRS-7"""
    [ada, bob] = await hubbub_engine.run(make_people, "ada", "bob")
    await hubbub_engine.connect(ada)
    async with captured(hubbub_engine) as queries:
        seen = await hubbub_engine.connect(bob)
        seen.send_text('{"id": 1, "type": "presence.set", "data": {"state": "online"}}')
        seen.send_text('{"id": 2, "type": "presence.set", "data": {"state": "away", "invisible": true}}')
        seen.send_text('{"type": "pong"}')
        await hubbub_engine.clock.advance(40)
        seen.session.ended()
        again = await hubbub_engine.connect(bob)
        await hubbub_engine.clock.advance(3)
        again.session.ended()
        await hubbub_engine.clock.advance(15)
    assert queries == []
    assert [frame["type"] for frame in seen.frames].count("reply") == 2


async def test_looking_is_one_query(hubbub_engine: ProjectEngine) -> None:
    """PRS-7 PRS-2"""

    def prepare() -> list[User]:
        people = make_people("ada", *(f"friend{n}" for n in range(30)), "stranger")
        ada = actor_of_user(people[0])
        for each in people[1:-1]:
            actions.create_conversation(ada, [each.username])
        for each in (people[0], people[-1]):
            actions.join_room(actor_of_user(each), "garden")
        return people

    people = await hubbub_engine.run(prepare)
    ada = await hubbub_engine.connect(people[0])
    async with captured(hubbub_engine) as queries:
        found = await ada.send("presence.watch", data={"users": [each.pk for each in people]})
    assert len([sql for sql in queries if "SELECT" in sql]) == 1
    # A room is everybody's: who has entered the same one is a stranger all the same.
    assert [each["user_id"] for each in found["users"]] == [each.pk for each in people[:-1]]


async def test_who_is_removed_is_seen_no_longer(hubbub_engine: ProjectEngine) -> None:
    """PRS-2 CHT-9"""

    def prepare() -> tuple[list[User], int]:
        people = make_people("ada", "bob")
        made = actions.create_conversation(actor_of_user(people[0]), ["bob"], "Plans").conversation
        return people, made.id

    [ada, bob], group = await hubbub_engine.run(prepare)
    seeing, seen = await hubbub_engine.connect(ada), await hubbub_engine.connect(bob)
    await seeing.send("presence.watch", data={"users": [bob.pk]})
    await hubbub_engine.run(actions.remove_participants, actor_of_user(ada), group, ["bob"])
    await hubbub_engine.clock.advance(1)
    assert (await seeing.event("presence.changed"))["data"] == {"users": [], "gone": [bob.pk]}
    await seen.send("presence.set", data={"state": "online"})
    await hubbub_engine.clock.advance(1)
    await seeing.no_event("presence.changed")


async def test_the_servers_own_code_may_ask(hubbub_engine: ProjectEngine) -> None:
    [ada] = await hubbub_engine.run(make_people, "ada")
    seen = await hubbub_engine.connect(ada)
    await seen.send("presence.set", data={"state": "online"})
    found = presence_of([ada.pk, str(ada.pk), 999])
    assert {id: each.state for id, each in found.items()} == {ada.pk: "online", 999: "offline"}
    await seen.send("presence.set", data={"invisible": True})
    assert presence_of([ada.pk])[ada.pk].state == "offline"


def test_elsewhere_nobody_knows() -> None:
    with pytest.raises(RuntimeError, match="serves no sockets"):
        presence_of([1])


def test_contacts_go_both_ways() -> None:
    """PRS-2"""
    ada, bob, carol = make_people("ada", "bob", "carol")
    actions.create_conversation(actor_of_user(ada), ["bob"])
    assert contacts_of(ada.pk, [bob.pk, carol.pk]) == {bob.pk}
    assert contacts_of(bob.pk, [ada.pk, carol.pk]) == {ada.pk}
    assert contacts_of(carol.pk, [ada.pk, bob.pk]) == set()
