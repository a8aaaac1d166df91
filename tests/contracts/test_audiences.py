"""Changes of the teams that overlap: none waits for another crosswise, and what live sockets are told is what is so."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.models import User
from django.db import connections

import hubbub
from hubbub import Audience
from hubbub.audiences import actions
from hubbub.django.audiences import audiences_of
from hubbub.django.models import Event
from hubbub.engine.actor import SYSTEM
from tests.contracts.databases import Database

ROUNDS = 8


def told(user: User) -> set[str]:
    """The topics that the control topic says a user may follow, as a process that obeyed all of it has it."""
    found: set[str] = set()
    events = Event.objects.filter(type__in=("control.access_granted", "control.access_revoked")).order_by("offset")
    for type, data in events.values_list("type", "data"):
        change = json.loads(data)
        if change["actor"] == f"u.{user.pk}":
            (found.add if type == "control.access_granted" else found.discard)(change["target"])
    return found


def test_overlapping_changes(database: Database) -> None:
    """AUD-2 AUD-3"""
    ann = User.objects.create(username="ann")
    top = actions.create_team(SYSTEM, "Company").pk
    left, right = (actions.create_team(SYSTEM, name, top).pk for name in ("Left", "Right"))
    kitchen = actions.create_team(SYSTEM, "Kitchen", left).pk
    hubbub.announce(Audience.team(left), "To the left")

    def repeated(*changes: Callable[[], object]) -> None:
        try:
            for _ in range(ROUNDS):
                for change in changes:
                    change()
        finally:
            connections.close_all()

    with ThreadPoolExecutor() as pool:
        running = [
            pool.submit(
                repeated,
                lambda: actions.move_team(SYSTEM, kitchen, right),
                lambda: actions.move_team(SYSTEM, kitchen, left),
            ),
            pool.submit(
                repeated,
                lambda: actions.add_to_team(SYSTEM, kitchen, [ann.pk]),
                lambda: actions.remove_from_team(SYSTEM, kitchen, [ann.pk]),
                lambda: actions.add_to_team(SYSTEM, kitchen, [ann.pk]),
            ),
            pool.submit(repeated, lambda: hubbub.announce(Audience.team(right), "To the right")),
        ]
        for each in running:
            each.result(60)
    teams = {each.topic for each in audiences_of(ann.pk) if each.kind == "team"}
    assert told(ann) == teams == {Audience.team(pk).topic for pk in (top, left, kitchen)}
