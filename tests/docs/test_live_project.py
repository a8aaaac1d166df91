"""docs/tutorial/live-project.md, done from the first line to the last; what it shows in windows is seen in Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import Block, blocks_of
from tests.docs.conftest import DOCS
from tests.docs.reader import Reader

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = DOCS / "tutorial" / "live-project.md"
pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Windows:
    """Two windows on the bakery, and what the page says to do in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.done: list[str] = []

    def do(self, reader: Reader, block: Block) -> None:
        what = block.mark.removeprefix("browser ")
        # It notices changes by itself, in a moment that nobody could wait for: what is served now has them all.
        self.restart(reader)
        contexts = [self._browser.new_context(base_url=reader.put("http://127.0.0.1:8000")) for _ in range(2)]
        one, other = (context.new_page() for context in contexts)
        for page in (one, other):
            page.goto("/")
            page.get_by_role("textbox", name="Message").wait_for()
        getattr(self, what)(reader, one, other)
        for context in contexts:
            context.close()
        self.done.append(what)

    def talks(self, reader: Reader, one: Page, other: Page) -> None:
        for writer, reads in ((one, other), (other, one)):
            writer.get_by_role("textbox", name="Message").fill("Good morning")
            writer.keyboard.press("Enter")
            reads.get_by_role("log").get_by_text("Good morning").first.wait_for()

    def bakes(self, reader: Reader, one: Page, other: Page) -> None:
        one.get_by_role("button", name="Bake").click()
        other.get_by_role("log").get_by_text("Ten rye loaves are out of the oven.").first.wait_for()

    def sells(self, reader: Reader, one: Page, other: Page) -> None:
        other.get_by_text("rye loaves: 10").wait_for()
        one.get_by_role("button", name="Sell one").click()
        for page in (one, other):
            page.get_by_text("rye loaves: 9").wait_for()
        self.restart(reader)
        fresh = one.context.new_page()
        fresh.goto("/")
        fresh.get_by_role("button", name="Sell one").click()
        other.get_by_text("rye loaves: 8").wait_for()

    def restart(self, reader: Reader) -> None:
        """Stop the server, and start it as the page did."""
        reader.do(next(each for each in blocks_of(PAGE) if each.mark.startswith("serves")))


def test_the_tutorial(reader: Reader, browser: Browser) -> None:
    windows = Windows(browser)
    reader.handlers["browser"] = windows.do
    reader.follow(PAGE)
    assert windows.done == ["talks", "bakes", "sells"]
