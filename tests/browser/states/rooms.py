"""Rooms, and conversations in a project's own pages."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.stage import Stage
from tests.browser.states.registry import state


@state
def rooms(stage: Stage) -> Person:
    ada = stage.at("/rooms")
    expect(ada.page.get_by_role("link", name="general")).to_be_visible()
    return ada


@state
def room(stage: Stage) -> Person:
    ada = stage.at("/r/lunch")
    expect(ada.composer).to_be_visible()
    # It is entered first, and is in the list then.
    expect(ada.page.get_by_role("navigation", name="Conversations").get_by_text("lunch", exact=True)).to_be_visible()
    ada.settled()
    return ada


@state
def guest_in_a_room(stage: Stage) -> Person:
    guest = stage.guest()
    guest.visit("/r/lunch")
    expect(guest.composer).to_be_visible()
    guest.settled()
    return guest


def _embedded(stage: Stage, person: Person, path: str) -> Person:
    person.visit(path)
    person.page.evaluate("() => window.useSameFont()")
    return person


@state
def embedded(stage: Stage) -> Person:
    number = stage.path().rpartition("/")[2]
    ada = _embedded(stage, stage.enter(), f"/line-3/{number}/")
    expect(ada.sent).to_have_count(5)
    return ada


@state
def embedded_for_nobody(stage: Stage) -> Person:
    guest = _embedded(stage, stage.guest(), "/line-3/1/")
    expect(guest.page.get_by_text("Sign in to take part.")).to_be_visible()
    return guest
