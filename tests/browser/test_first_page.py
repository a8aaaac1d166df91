"""What the server has put into the page: text before any script, and no question that it has answered already."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.browser.conftest import Enter
from tests.browser.person import Person
from tests.services import LiveServer, live_servers

TALK = ["Hello Ada", "<b>How</b> are you?", "Fine"]


@pytest.fixture
def group(enter: Enter) -> str:
    ada = enter("ada")
    path = ada.start_group("first page", "bob")
    ada.write(*TALK)
    ada.sees(TALK)
    return path


def test_text_is_there_without_a_script_and_is_the_same_with_it(
    enter: Enter, browser: Browser, cookies: dict[str, Any], server: LiveServer, group: str
) -> None:
    context = browser.new_context(storage_state=cookies["ada"], java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}{group}")
    expect(page.locator("[data-number] .message-text")).to_have_text(TALK)
    expect(page.get_by_role("heading", name="first page")).to_be_visible()
    titles = page.locator(".list-title").all_inner_texts()
    names = page.locator(".message-block-head > :first-child").all_inner_texts()
    colours = page.locator(".message-block .avatar").first.get_attribute("class")
    context.close()

    ada = enter("ada")
    ada.visit(group)
    ada.settled()
    assert ada.page.locator(".list-title").all_inner_texts() == titles
    assert ada.page.locator(".message-block-head > :first-child").all_inner_texts()[0] == names[0]
    assert ada.page.locator(".message-block .avatar").first.get_attribute("class", timeout=1000) is not None
    assert (colours or "").split()[1] in (ada.page.locator(".message-block .avatar").first.get_attribute("class") or "")


def test_nothing_is_asked_that_the_page_says(enter: Enter, group: str) -> None:
    """SUB-1 on the page: the snapshot that came in it is not read again where nothing has happened since."""
    ada = enter("ada")
    asked: list[str] = []
    sent: list[str] = []
    ada.page.on("request", lambda request: asked.append(_path(request)))
    ada.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    ada.visit(group)
    ada.settled()
    ada.sees(TALK)
    ada.write("and more")
    ada.sees([*TALK, "and more"])
    assert [path for path in asked if "/static/" not in path and not path.startswith("data:")] == [group]
    assert not [frame for frame in sent if "chat.history" in frame]


def test_what_happens_between_the_page_and_its_script_is_not_lost(enter: Enter, group: str) -> None:
    """SUB-1, CHT-10 on the page: the script waits, somebody writes, and it comes once."""
    ada, bob = enter("ada"), enter("bob")
    bob.visit(group)
    waiting: list[Any] = []
    ada.page.route("**/app.js", lambda route: waiting.append(route))
    ada.page.goto(f"{ada.url}{group}", wait_until="commit")
    expect(ada.page.locator("[data-number] .message-text")).to_have_text(TALK)
    bob.write("meanwhile")
    bob.sees([*TALK, "meanwhile"])
    waiting[0].continue_()
    ada.sees([*TALK, "meanwhile"])
    bob.write("after")
    ada.sees([*TALK, "meanwhile", "after"])


def test_who_is_nobody_is_not_asked_for(enter: Enter) -> None:
    guest = enter("guest")
    asked: list[str] = []
    guest.page.on("request", lambda request: asked.append(_path(request)))
    guest.visit("/c/1")
    expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not [path for path in asked if "/api/" in path]


def test_the_theme_is_chosen_kept_and_there_before_the_script(enter: Enter) -> None:
    ada = enter("ada", color_scheme="light")
    ada.visit("/settings/appearance")
    html = ada.page.locator("html")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = ada.page.evaluate(ground)
    ada.page.get_by_label("Dark").check()
    expect(html).to_have_attribute("data-theme", "dark")
    dark = ada.page.evaluate(ground)
    assert dark != light
    ada.page.route("**/app.js", lambda route: route.abort())
    ada.page.reload()
    assert ada.page.evaluate(ground) == dark
    ada.page.unroute("**/app.js")
    ada.page.reload()
    ada.page.get_by_label("As the system").check()
    assert ada.page.evaluate(ground) == light


def test_below_a_prefix(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A project has hubbub at ``talk/``, itself stands below ``/site``, and serves static files elsewhere."""
    from tests.browser.conftest import MAKE_USERS, PASSWORD

    with live_servers(tmp_path_factory.mktemp("prefix")) as start:
        server = start(env={"DJANGO_SETTINGS_MODULE": "tests.browser.prefixed"})
        server.manage("shell", "-c", MAKE_USERS)
        ada = Person("ada", browser.new_context(), f"{server.url}/site/talk")
        ada.visit("/new")
        ada.page.get_by_label("User name").fill("ada")
        ada.page.get_by_label("Password").fill(PASSWORD)
        ada.page.get_by_role("button", name="Sign in").click()
        ada.page.get_by_label("User names").fill("bob")
        ada.page.get_by_role("button", name="Start").click()
        ada.write("below")
        ada.sees(["below"])
        assert ada.page.url.startswith(f"{server.url}/site/talk/c/")
        for link in ada.page.get_by_role("link").all():
            assert (link.get_attribute("href") or "").startswith("/site/talk/")
        ada.page.reload()
        ada.sees(["below"])
        ada.close()


def _path(request: Request) -> str:
    return urlsplit(request.url).path
