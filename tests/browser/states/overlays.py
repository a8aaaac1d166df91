"""What lies over the page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.stage import Stage
from tests.browser.states.registry import state


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
