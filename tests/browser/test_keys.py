"""Everything by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.browser.person import Person


@pytest.fixture
def ada(enter: Enter) -> Person:
    ada = enter("ada")
    for title in ("first plan", "second plan"):
        ada.start_group(title, "bob")
    ada.settled()
    return ada


def test_the_palette_goes_anywhere(ada: Person) -> None:
    page = ada.page
    page.keyboard.press("Control+k")
    page.keyboard.type("first pl")
    expect(page.get_by_role("option").first).to_contain_text("first plan")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="first plan")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.keyboard.press("Control+k")
    page.keyboard.type("theme")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Theme: dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    page.keyboard.press("Control+k")
    page.keyboard.type("keys-room")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="keys-room")).to_be_visible()

    page.keyboard.press("Control+k")
    page.keyboard.type("no such thing")
    expect(page.get_by_text("Nothing is called “no such thing”.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_list_is_searched_and_walked_through(ada: Person) -> None:
    page = ada.page
    ada.visit("/")
    ada.settled()
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("plan")
    rows = page.get_by_role("navigation", name="Conversations").locator(".list-row")
    expect(rows.first).to_contain_text("plan")
    page.keyboard.press("ArrowDown")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="plan")).to_be_visible()
    search.fill("nobody has this")
    expect(page.get_by_text("No conversation is called “nobody has this”.")).to_be_visible()
    search.press("Escape")
    expect(rows.nth(1)).to_be_visible()


def test_help_and_details_close_by_escape(ada: Person) -> None:
    page = ada.page
    page.get_by_role("button", name="About this conversation").press("Enter")
    expect(page.get_by_role("complementary")).to_be_visible()
    assert page.url.endswith("/info")
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)
    ada.visit("/")
    ada.settled()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_draft_waits(ada: Person) -> None:
    here = ada.page.url
    ada.composer.fill("half a thought")
    ada.page.get_by_role("link", name="first plan").first.click()
    expect(ada.composer).to_have_value("")
    ada.page.go_back()
    assert ada.page.url == here
    expect(ada.composer).to_have_value("half a thought")
