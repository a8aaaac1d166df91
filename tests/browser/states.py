"""Each state that the page can be in: how it is reached, and what it says. Tests of all kinds go through this list."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.person import Person
from tests.browser.stage import Stage

Reach = Callable[[Stage], Person]

STATES: dict[str, Reach] = {}
"""By name. What a state's function returns is whose page shows it, once it does."""

ALONE = ("first-run",)
"""Those whose viewer has no conversations yet."""


def state(reach: Reach) -> Reach:
    STATES[reach.__name__.strip("_").replace("_", "-")] = reach
    return reach


def _heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


# Conversations ----------------------------------------------------------------


@state
def first_run(stage: Stage) -> Person:
    ada = stage.at("/")
    expect(ada.page.get_by_text("No conversations yet")).to_be_visible()
    return ada


@state
def conversations(stage: Stage) -> Person:
    ada = stage.at("/")
    expect(ada.page.get_by_text("Choose a conversation, or start one.")).to_be_visible()
    return ada


@state
def conversation(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    expect(ada.sent).to_have_count(5)
    return ada


@state
def long_words(stage: Stage) -> Person:
    ada = stage.at(stage.path("Kraftfahrzeughaftpflichtversicherung"))
    expect(ada.sent).to_have_count(4)
    return ada


@state
def empty_conversation(stage: Stage) -> Person:
    ada = stage.at(stage.path("Nothing yet"))
    expect(ada.log.get_by_text("Nothing has been written here yet.")).to_be_visible()
    return ada


@state
def empty_search(stage: Stage) -> Person:
    ada = stage.at("/")
    ada.page.get_by_role("searchbox").fill("zeppelin")
    expect(ada.page.get_by_role("status").get_by_text("No conversation is called “zeppelin”.")).to_be_visible()
    return ada


@state
def unread_divider(stage: Stage) -> Person:
    ada = stage.at(stage.path("Kraftfahrzeughaftpflichtversicherung"))
    expect(ada.log.get_by_role("separator")).to_be_in_viewport()
    return ada


@state
def unread_jump(stage: Stage) -> Person:
    """What is unread begins further up than is shown."""
    ada = stage.at(stage.path("Night shift"))
    expect(ada.page.get_by_role("button", name="To the first unread")).to_be_visible()
    expect(ada.sent.last).to_be_in_viewport()
    return ada


@state
def new_chip(stage: Stage) -> Person:
    """Somebody writes while one reads further up."""
    ada, grace = stage.at(stage.path("Night shift")), stage.enter("grace")
    grace.visit(stage.path("Night shift"))
    expect(grace.composer).to_be_visible()
    grace.settled()
    ada.page.evaluate("() => { document.querySelector('[role=log]').scrollTop = 300 }")
    grace.write("Round 81 done.")
    expect(ada.page.get_by_role("button", name="1 new")).to_be_visible()
    return ada


@state
def typing(stage: Stage) -> Person:
    ada, grace = stage.at(stage.path()), stage.enter("grace")
    grace.visit(stage.path())
    grace.settled()
    grace.composer.fill("The pressure")
    expect(ada.page.get_by_text("Grace is typing")).to_be_visible()
    return ada


@state
def details(stage: Stage) -> Person:
    ada = stage.at(f"{stage.path()}/info")
    expect(ada.page.get_by_role("complementary").get_by_text("3 people")).to_be_visible()
    return ada


@state
def deleting(stage: Stage) -> Person:
    """It is asked once more."""
    ada = stage.at(stage.path())
    line = ada.log.locator(".message-line").nth(2)
    line.hover()
    line.get_by_role("button").click()
    expect(line.get_by_role("button", name="Delete for you?")).to_be_visible()
    return ada


@state
def new_conversation(stage: Stage) -> Person:
    ada = stage.at("/new")
    ada.page.get_by_label("User names").fill("nobody-is-called-so")
    ada.page.get_by_role("button", name="Start").click()
    expect(ada.page.get_by_role("alert")).to_be_visible()
    return ada


@state
def right_to_left(stage: Stage) -> Person:
    ada = stage.at(f"{stage.path('Kraftfahrzeughaftpflichtversicherung')}")
    ada.page.evaluate("() => { document.documentElement.dir = 'rtl' }")
    return ada


# On its way -------------------------------------------------------------------


@state
def sending(stage: Stage) -> Person:
    proxy = stage.proxy()
    ada = stage.at(stage.path(), proxy=proxy)
    proxy.deafen()
    ada.write("It holds at 2.6 bar.")
    expect(ada.log.locator(".outgoing-note")).to_have_text("Sending")
    expect(ada.log.locator(".sent-note")).to_have_count(0)
    return ada


@state
def sent(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    ada.write("It holds at 2.6 bar.")
    expect(ada.log.locator(".sent-note")).to_have_text("Sent")
    return ada


@state
def failed(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    ada.write("no \x00 here")
    problem = ada.log.get_by_role("alert")
    expect(problem).to_contain_text("Couldn't send.")
    for name in ("Retry", "Discard"):
        expect(problem.get_by_role("button", name=name)).to_be_visible()
    return ada


@state
def too_long(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    ada.composer.fill("far too long " * 400)
    expect(ada.page.get_by_text("199 characters too long")).to_be_visible()
    return ada


@state
def rate_limited(stage: Stage) -> Person:
    """LIM-2 on the page."""
    ada = stage.at(stage.path())
    ada.write(*(f"Reading {number}" for number in range(1, 8)))
    note = ada.log.locator(".outgoing-note").filter(has_text="Too many at once.")
    expect(note).to_have_text(re.compile(r"Sends in \d+ s"))
    return ada


# The connection ---------------------------------------------------------------


@state
def offline(stage: Stage) -> Person:
    proxy = stage.proxy()
    ada = stage.at(stage.path(), proxy=proxy)
    proxy.cut()
    ada.write("It holds at 2.6 bar.", "And the curve is flat.")
    expect(ada.bar).to_contain_text("Offline. 2 messages wait.")
    expect(ada.log.locator(".outgoing-note")).to_have_text(["Waits for the connection"] * 2)
    return ada


@state
def nothing_kept(stage: Stage) -> Person:
    """The browser has no storage for what waits."""
    proxy = stage.proxy()
    ada = stage.enter(proxy=proxy)
    ada.context.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    ada.visit(stage.path())
    ada.settled()
    proxy.cut()
    ada.write("It holds at 2.6 bar.")
    expect(ada.bar).to_contain_text("Offline. 1 message waits. A reload would lose what waits.")
    return ada


def _cut_off(stage: Stage, code: int, says: str) -> Person:
    """The server closes the socket, and answers no other."""
    ada = stage.enter()
    sockets: list[Any] = []

    def pass_on(socket: Any) -> None:
        sockets.append(socket)
        if len(sockets) == 1:
            socket.connect_to_server()

    ada.page.route_web_socket("**/ws/", pass_on)
    ada.visit(stage.path())
    ada.settled()
    sockets[0].close(code=code)
    expect(ada.bar).to_contain_text(says)
    return ada


@state
def reconnecting(stage: Stage) -> Person:
    return _cut_off(stage, 1001, "Reconnecting.")


@state
def restarting(stage: Stage) -> Person:
    return _cut_off(stage, 1012, "The server is restarting.")


@state
def not_allowed(stage: Stage) -> Person:
    """CLO-1 on the page: 4003 is final, until one asks again."""
    ada = stage.enter()
    ada.page.route_web_socket("**/ws/", lambda socket: socket.close(code=4003, reason="not allowed"))
    ada.visit("/")
    expect(ada.bar).to_contain_text("You may not connect here.")
    expect(ada.bar.get_by_role("button", name="Try again")).to_be_visible()
    return ada


@state
def signed_out(stage: Stage) -> Person:
    """AUT-4 on the page."""
    ada = stage.at("/rooms")
    _heading(ada.page, "Rooms")
    user = f"get_user_model().objects.get(username={stage.viewer!r})"
    code = f"from django.contrib.auth import get_user_model; user = {user}; user.set_password('{stage.viewer}-2')"
    stage.server.manage("shell", "-c", f"{code}; user.save()")
    expect(ada.page.get_by_text("You were signed out. Sign in to go on.")).to_be_visible()
    return ada


# What isn't there -------------------------------------------------------------


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
    _heading(ada.page, "This conversation isn't here")
    return ada


@state
def unknown(stage: Stage) -> Person:
    ada = stage.at("/nowhere")
    _heading(ada.page, "There is nothing here")
    return ada


@state
def no_such_room(stage: Stage) -> Person:
    ada = stage.enter()
    ada.visit("/r/a%20b")
    _heading(ada.page, "Can't enter this room")
    return ada


# Over the page ----------------------------------------------------------------


@state
def palette(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    ada.page.keyboard.press("Control+k")
    expect(ada.page.get_by_role("dialog", name="Go to")).to_be_visible()
    return ada


@state
def palette_empty(stage: Stage) -> Person:
    ada = palette(stage)
    ada.page.get_by_role("combobox").fill("a zeppelin")
    expect(ada.page.get_by_text("Nothing is called “a zeppelin”.")).to_be_visible()
    return ada


@state
def keyboard_help(stage: Stage) -> Person:
    ada = stage.at("/")
    ada.page.keyboard.press("?")
    expect(ada.page.get_by_role("dialog", name="Keyboard help")).to_be_visible()
    return ada


# Accounts ---------------------------------------------------------------------


def _outer(stage: Stage, path: str, heading: str) -> Person:
    guest = stage.guest()
    guest.visit(path)
    _heading(guest.page, heading)
    return guest


@state
def sign_in(stage: Stage) -> Person:
    return _outer(stage, "/sign-in", "Sign in")


@state
def sign_in_refused(stage: Stage) -> Person:
    guest = _outer(stage, "/sign-in", "Sign in")
    guest.page.get_by_label("User name").fill("grace")
    guest.page.get_by_label("Password").fill("not this one")
    guest.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(guest.page.get_by_role("alert")).to_be_visible()
    return guest


@state
def register(stage: Stage) -> Person:
    guest = _outer(stage, "/sign-in", "Sign in")
    guest.page.get_by_role("button", name="Make an account").click()
    _heading(guest.page, "Make an account")
    return guest


@state
def forgot(stage: Stage) -> Person:
    return _outer(stage, "/reset", "Forgot your password?")


@state
def reset(stage: Stage) -> Person:
    return _outer(stage, "/reset#x", "Choose a new password")


@state
def verify(stage: Stage) -> Person:
    guest = _outer(stage, "/verify#x", "Your e-mail address")
    expect(guest.page.get_by_role("button", name="Confirm the address")).to_be_visible()
    return guest


@state
def settings(stage: Stage) -> Person:
    return stage.at("/settings")


@state
def settings_appearance(stage: Stage) -> Person:
    return stage.at("/settings/appearance")


@state
def settings_profile(stage: Stage) -> Person:
    return stage.at("/settings/profile")


@state
def settings_email(stage: Stage) -> Person:
    return stage.at("/settings/email")


@state
def settings_password(stage: Stage) -> Person:
    return stage.at("/settings/password")


@state
def settings_sessions(stage: Stage) -> Person:
    ada = stage.at("/settings/sessions")
    expect(ada.page.get_by_text("This one.")).to_be_visible()
    return ada


@state
def settings_close(stage: Stage) -> Person:
    return stage.at("/settings/close")


# Rooms, and other people's pages ----------------------------------------------


@state
def rooms(stage: Stage) -> Person:
    ada = stage.at("/rooms")
    expect(ada.page.get_by_role("link", name="general")).to_be_visible()
    return ada


@state
def room(stage: Stage) -> Person:
    ada = stage.at("/r/lunch")
    expect(ada.composer).to_be_visible()
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
