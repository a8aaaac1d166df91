"""Each state that the page can be in, reached in a real browser, and where it says so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from hubbub.testing import Proxy
from tests.browser.conftest import PASSWORD, Enter
from tests.browser.person import Person
from tests.services import LiveServer, live_servers


def register(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_role("button", name="Make an account").click()
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("navigation", name="Conversations").wait_for()


def test_first_run_says_what_to_do(enter: Enter) -> None:
    somebody = enter("first-run")
    register(somebody.page, somebody.url, "dora")
    expect(somebody.page.get_by_text("No conversations yet")).to_be_visible()
    somebody.page.get_by_role("link", name="Start one").click()
    expect(somebody.page.get_by_role("heading", name="New conversation")).to_be_visible()


def test_loading_is_a_skeleton(enter: Enter) -> None:
    ada = enter("ada")
    held: list[Route] = []
    ada.page.route("**/api/rooms/", lambda route: held.append(route))
    ada.visit("/rooms")
    skeleton = ada.page.get_by_role("status", name="Loading rooms")
    expect(skeleton).to_be_visible()
    held[0].continue_()
    expect(skeleton).to_have_count(0)


def test_a_request_that_fails_says_so_and_can_be_repeated(enter: Enter) -> None:
    ada = enter("ada")
    ada.page.route("**/api/rooms/", lambda route: route.abort())
    ada.visit("/rooms")
    problem = ada.page.get_by_role("alert")
    expect(problem).to_contain_text("Couldn't load the rooms. Couldn't reach the server. Check your connection.")
    ada.page.unroute("**/api/rooms/")
    problem.get_by_role("button", name="Try again").click()
    expect(problem).to_have_count(0)


def test_sending_sent_and_offline(enter: Enter, proxy: Proxy) -> None:
    ada = enter("ada", proxy)
    ada.start_group("sending", "bob")
    ada.write("one")
    ada.sees(["one"])
    expect(ada.log.locator(".sent-note")).to_have_text("Sent")

    proxy.deafen()
    ada.write("two")
    expect(ada.log.locator(".outgoing-note")).to_have_text("Sending")
    expect(ada.log.locator(".sent-note")).to_have_count(0)
    proxy.cut()
    expect(ada.bar).to_contain_text("Offline. 1 message waits.")
    expect(ada.log.locator(".outgoing-note")).to_have_text("Waits for the connection")
    proxy.mend()
    ada.sees(["one", "two"], timeout=40)


def test_too_many_at_once_counts_the_seconds(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    """LIM-2 on the page."""
    with live_servers(tmp_path_factory.mktemp("limits")) as start:
        server = start(env={"HUBBUB_LIMITS": "messages=2/60s"})
        somebody = Person("gus", browser.new_context(), server.url)
        register(somebody.page, server.url, "gus")
        expect(somebody.page.get_by_text("No conversations yet")).to_be_visible()
        somebody.visit("/r/hasty")
        somebody.write("one", "two", "three")
        note = somebody.log.locator(".outgoing-note").filter(has_text="Too many at once.")
        expect(note).to_have_text(re.compile(r"Sends in \d+ s"))
        somebody.close()


def test_signed_out_elsewhere(enter: Enter, server: LiveServer) -> None:
    """AUT-4 on the page: and signing in again leads back to where one was."""
    somebody = enter("signed-out")
    register(somebody.page, somebody.url, "erin")
    expect(somebody.page.get_by_text("No conversations yet")).to_be_visible()
    somebody.visit("/rooms")
    somebody.settled()
    change = (
        "from django.contrib.auth import get_user_model; user = get_user_model().objects.get(username='erin'); "
        f"user.set_password({PASSWORD + '-2'!r}); user.save()"
    )
    server.manage("shell", "-c", change)
    page = somebody.page
    expect(page.get_by_text("You were signed out. Sign in to go on.")).to_be_visible()
    page.get_by_label("User name").fill("erin")
    page.get_by_label("Password").fill(PASSWORD + "-2")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Rooms")).to_be_visible()


def test_not_allowed(enter: Enter) -> None:
    """CLO-1 on the page: 4003 is final, until one asks again."""
    ada = enter("ada")
    ada.page.route_web_socket("**/ws/", lambda socket: socket.close(code=4003, reason="not allowed"))
    ada.visit("/")
    expect(ada.bar).to_contain_text("You may not connect here.")
    expect(ada.bar.get_by_role("button", name="Try again")).to_be_visible()


def test_reconnecting(enter: Enter) -> None:
    ada = enter("ada")
    sockets: list[Any] = []
    slow: list[bool] = []

    def pass_on(socket: Any) -> None:
        sockets.append(socket)
        if not slow:
            socket.connect_to_server()

    ada.page.route_web_socket("**/ws/", pass_on)
    ada.visit("/")
    ada.settled()
    slow.append(True)
    sockets[0].close(code=1001)
    expect(ada.bar).to_contain_text("Reconnecting.")


def test_gone_while_one_looks(enter: Enter) -> None:
    """CHT-9 on the page: who is removed is told so, and sees nothing that follows."""
    ada, bob = enter("ada"), enter("bob")
    path = ada.start_group("removed", "bob")
    bob.visit(path)
    bob.settled()
    ada.page.evaluate(
        """async (id) => {
          const token = document.cookie.match(/csrftoken=([^;]+)/)[1];
          await fetch(`/api/conversations/${id}/participants/`, {
            method: "DELETE",
            headers: { "Content-Type": "application/json", "X-CSRFToken": token },
            body: JSON.stringify({ participants: ["bob"] }),
          });
        }""",
        path.rpartition("/")[2],
    )
    expect(bob.page.get_by_role("heading", name="This conversation isn't here")).to_be_visible()


def test_a_room_of_no_legal_name(enter: Enter) -> None:
    ada = enter("ada")
    ada.visit("/r/a%20b")
    expect(ada.page.get_by_role("heading", name="Can't enter this room")).to_be_visible()


def test_people_are_added_and_one_leaves(enter: Enter, server: LiveServer) -> None:
    """CHT-6, CHT-9 on the page."""
    ada, bob = enter("ada"), enter("bob")
    path = ada.start_group("changing", "bob")
    bob.visit(path)
    bob.settled()
    register(enter("added").page, server.url, "fred")
    ada.page.get_by_role("button", name="About this conversation").click()
    people = ada.page.get_by_role("complementary")
    people.get_by_label("Add people").fill("nobody-is-called-so")
    people.get_by_role("button", name="Add").click()
    expect(people.get_by_role("alert")).to_contain_text("No user is called nobody-is-called-so")
    people.get_by_label("Add people").fill("fred")
    people.get_by_role("button", name="Add").click()
    expect(people.get_by_text("3 people")).to_be_visible()
    bob.visit(f"{path}/info")
    bob.page.get_by_role("button", name="Leave").click()
    bob.page.get_by_role("button", name="Leave for good?").click()
    expect(bob.page.get_by_role("link", name="changing")).to_have_count(0)
    expect(people.get_by_text("2 people")).to_be_visible()


def test_a_phone_shows_one_pane_and_goes_back(enter: Enter) -> None:
    ada = enter("ada", viewport={"width": 390, "height": 780}, is_mobile=True, has_touch=True)
    path = ada.start_group("on a phone", "bob")
    ada.visit("/")
    ada.settled()
    conversations = ada.page.get_by_role("navigation", name="Conversations")
    conversations.get_by_role("link", name="on a phone").tap()
    expect(ada.composer).to_be_visible()
    expect(conversations).to_be_hidden()
    entries = ada.page.evaluate("() => history.length")
    ada.page.get_by_role("link", name="Back to the conversations").tap()
    expect(conversations).to_be_visible()
    assert ada.page.evaluate("() => history.length") == entries
    ada.page.go_forward()
    expect(ada.composer).to_be_visible()
    assert ada.page.url.endswith(path)
    for target in ada.page.locator("a:visible, button:visible, input:visible, textarea:visible").all():
        box = target.bounding_box()
        assert box and min(box["width"], box["height"]) >= 40, target.evaluate("(element) => element.outerHTML")
