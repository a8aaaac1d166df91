"""What one does in the states that the page can be in, and where that leads: test_pictures.py reaches each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, Enter
from tests.browser.stage import Stage, World, worlds
from tests.browser.states import ALONE, STATES
from tests.services import LiveServer

USED = ("first-run", "request-failed", "sending", "failed", "signed-out")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with worlds(tmp_path_factory.mktemp("states"), USED, ALONE) as world:
        yield world


@pytest.fixture
def stage(world: World, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The viewer's of one state, by whose name the test is marked."""
    stage = Stage(world, browser, request.param)
    yield stage
    stage.leave()


def register(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_role("button", name="Make an account").click()
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("navigation", name="Conversations").wait_for()


@pytest.mark.parametrize("stage", ["first-run"], indirect=True)
def test_first_run_says_what_to_do(stage: Stage) -> None:
    page = STATES["first-run"](stage).page
    page.get_by_role("link", name="Start one").click()
    expect(page.get_by_role("heading", name="New conversation")).to_be_visible()


@pytest.mark.parametrize("stage", ["request-failed"], indirect=True)
def test_a_request_that_fails_can_be_repeated(stage: Stage) -> None:
    page = STATES["request-failed"](stage).page
    page.unroute("**/api/rooms/")
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="general")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("stage", ["sending"], indirect=True)
def test_what_is_on_its_way_waits_out_a_cut(stage: Stage) -> None:
    ada = STATES["sending"](stage)
    proxy = stage.proxies[0]
    proxy.cut()
    expect(ada.bar).to_contain_text("Offline. 1 message waits.")
    expect(ada.log.locator(".outgoing-note")).to_have_text("Waits for the connection")
    proxy.mend()
    expect(ada.sent.last).to_have_text("It holds at 2.6 bar.", timeout=40_000)
    expect(ada.unsent).to_have_count(0)
    expect(ada.log.locator(".sent-note")).to_have_text("Sent")


@pytest.mark.parametrize("stage", ["failed"], indirect=True)
def test_what_failed_can_be_discarded(stage: Stage) -> None:
    ada = STATES["failed"](stage)
    ada.log.get_by_role("button", name="Discard").click()
    expect(ada.unsent).to_have_count(0)


@pytest.mark.parametrize("stage", ["signed-out"], indirect=True)
def test_signing_in_again_leads_back(stage: Stage) -> None:
    """AUT-4 on the page."""
    page = STATES["signed-out"](stage).page
    page.get_by_label("User name").fill("signed-out")
    page.get_by_label("Password").fill("signed-out-2")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Rooms")).to_be_visible()


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
