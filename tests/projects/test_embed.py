"""``{% hubbub_chat %}`` in a project's own pages: for guests and users, under a strict policy, in its own styles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.person import VIOLATIONS
from tests.projects.conftest import Serve
from tests.projects.project import PASSWORD, Project, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def project(serve: Serve) -> Project:
    # The development server: it is the one that has static files of apps.
    return serve("embed", server=("hubbub", "runserver", "--noreload", "127.0.0.1:{port}"))


class Pages:
    """Browsers on the project's page; nothing may go wrong there, or break the page's policy."""

    def __init__(self, browser: Browser, project: Project) -> None:
        self._browser, self._project = browser, project
        self.errors: list[str] = []
        self.open: list[Page] = []

    def visit(self, path: str, name: str = "", **options: Any) -> Page:
        context = self._browser.new_context(base_url=self._project.url, **options)
        context.add_init_script(VIOLATIONS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.open.append(page)
        page.goto(path)
        if name:
            self.sign_in(page, name)
        return page

    def sign_in(self, page: Page, name: str) -> None:
        """By the project's own page, to which the chat leads, and which leads back."""
        here = page.url
        page.get_by_role("link", name="Sign in").click()
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Enter").click()
        page.wait_for_url(here)


@pytest.fixture
def pages(browser: Browser, project: Project) -> Iterator[Pages]:
    pages = Pages(browser, project)
    yield pages
    violations = [page.evaluate("window.violations") for page in pages.open]
    for page in pages.open:
        page.context.close()
    assert not pages.errors
    assert not any(violations), violations


def write(page: Page, text: str) -> None:
    field = page.get_by_role("textbox", name="Message")
    field.fill(text)
    field.press("Enter")


def test_guests_and_users_talk_in_a_room(pages: Pages) -> None:
    guest, ada = pages.visit("/own/"), pages.visit("/own/", "ada")
    write(ada, "Hello from Ada")
    guest.get_by_role("log").get_by_text("Hello from Ada").wait_for()
    write(guest, "Hello from a guest")
    ada.get_by_role("log").get_by_text("Hello from a guest").wait_for()
    assert ada.get_by_role("link", name="Sign in").count() == 0
    # The page around is left alone: its address, its title, where one writes.
    for page in (guest, ada):
        assert page.url.endswith("/own/") and page.title() == "A page of the project's own"
    fresh = pages.visit("/own/")
    fresh.get_by_role("log").get_by_text("Hello from a guest").wait_for()
    assert fresh.evaluate("document.activeElement.getAttribute('aria-label')") == "Search"


def test_a_conversation_is_for_its_participants(pages: Pages, project: Project) -> None:
    """Also where numbers are written with separators: the tag writes none."""
    ada = Visitor(project, "/hubbub/").sign_in("ada")
    made = ada.ask("POST", "conversations/", participants=["bob"])
    ada.ask("POST", f"conversations/{made['id']}/messages/", content="Only for Bob")
    guest = pages.visit(f"/own/{made['id']}/")
    guest.get_by_text("Sign in to take part.").wait_for()
    pages.sign_in(guest, "bob")
    guest.get_by_role("log").get_by_text("Only for Bob").wait_for()
    assert 'conversation="1234567"' in ada.http.get("/own/1234567/").text
    absent = pages.visit("/own/1234567/")
    pages.sign_in(absent, "bob")
    absent.get_by_text("This conversation isn't here").wait_for()


def test_styles_do_not_mix(pages: Pages) -> None:
    page = pages.visit("/own/")
    write(page, "In our own letters")
    shown = page.locator("hubbub-chat [data-number] .message-text").get_by_text("In our own letters")
    # What waited gives its place to what was sent, so each is looked at anew.
    for name, value in (
        ("font-family", "system-ui, sans-serif"),
        ("text-transform", "none"),
        ("letter-spacing", "normal"),
    ):
        expect(shown).to_have_css(name, value)
    page.get_by_role("textbox", name="Message").fill("x")
    button = page.get_by_role("button", name="Send")
    # The page's own token, where it has set one.
    assert button.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(0, 0, 255)"
    assert page.locator("h1").first.evaluate("e => getComputedStyle(e).fontFamily") == "monospace"
    box = page.locator("hubbub-chat").bounding_box()
    assert box is not None and box["height"] == 320


@pytest.mark.parametrize(
    ("page_has", "system_has", "dark"),
    [("light", "dark", False), ("dark", "light", True), ("light dark", "dark", True), ("light dark", "light", False)],
)
def test_the_theme_is_the_page_s(pages: Pages, page_has: str, system_has: Any, dark: bool) -> None:
    page = pages.visit(f"/own/?scheme={page_has}", color_scheme=system_has)
    pane = page.locator("hubbub-chat .embedded")
    pane.wait_for()
    ground = pane.evaluate("e => getComputedStyle(e).backgroundColor")
    assert (ground == "rgb(29, 26, 23)") == dark, ground


def test_it_comes_and_goes_with_its_element(pages: Pages) -> None:
    """As frameworks do it: another room, taken out, put in again; a second one is refused in words."""
    page = pages.visit("/own/")
    page.get_by_role("textbox", name="Message").wait_for()
    page.evaluate("document.querySelector('hubbub-chat').setAttribute('room', 'kitchen')")
    page.get_by_role("heading", name="kitchen").wait_for()
    write(page, "Is there coffee?")
    page.get_by_role("log").get_by_text("Is there coffee?").wait_for()
    page.evaluate("window.chat = document.querySelector('hubbub-chat'); chat.remove()")
    assert page.get_by_role("log").count() == 0
    page.evaluate("document.body.append(window.chat)")
    page.get_by_role("log").get_by_text("Is there coffee?").wait_for()
    with page.expect_console_message(lambda message: "a page shows one" in message.text):
        page.evaluate("document.body.append(document.createElement('hubbub-chat'))")
    assert page.url.endswith("/own/")
