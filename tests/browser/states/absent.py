"""What is not there yet, not any more, or never was."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser.person import Person
from tests.browser.stage import Stage
from tests.browser.states.registry import has_heading, state


@state
def loading(stage: Stage) -> Person:
    ada = stage.enter()
    held: list[Route] = []
    ada.page.route("**/api/rooms/", lambda route: held.append(route))
    ada.visit("/rooms")
    expect(ada.page.get_by_role("status", name="Loading rooms")).to_be_visible()
    return ada


@state
def request_failed(stage: Stage) -> Person:
    ada = stage.enter()
    ada.page.route("**/api/rooms/", lambda route: route.abort())
    ada.visit("/rooms")
    expect(ada.page.get_by_role("alert")).to_contain_text("Couldn't load the rooms. Couldn't reach the server.")
    return ada


@state
def gone(stage: Stage) -> Person:
    """CHT-9 on the page: who is removed is told so."""
    ada = stage.at(stage.path("Nothing yet"))
    number = stage.path("Nothing yet").rpartition("/")[2]
    code = f"""
from django.contrib.auth.models import User
from hubbub.chat import actions
from hubbub.django.auth import actor_of_user
ada = User.objects.get(username={stage.viewer!r})
actions.leave(actor_of_user(ada), {number})
"""
    stage.server.manage("shell", "-c", code)
    has_heading(ada.page, "This conversation isn't here")
    return ada


@state
def unknown(stage: Stage) -> Person:
    ada = stage.at("/nowhere")
    has_heading(ada.page, "There is nothing here")
    return ada


@state
def no_such_room(stage: Stage) -> Person:
    ada = stage.enter()
    ada.visit("/r/a%20b")
    has_heading(ada.page, "Can't enter this room")
    return ada
