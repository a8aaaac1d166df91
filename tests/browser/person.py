"""Somebody in front of a browser: what one does with the page, and what one sees of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


KEPT = """() => new Promise((done, failed) => {
  const opening = indexedDB.open("hubbub");
  opening.onerror = () => failed(opening.error);
  opening.onsuccess = () => {
    const counting = opening.result.transaction("commands").objectStore("commands").count();
    counting.onsuccess = () => { opening.result.close(); done(counting.result); };
  };
})"""


class Person:
    def __init__(self, name: str, context: BrowserContext, url: str) -> None:
        self.name = name
        self.context = context
        self.url = url
        self.errors: list[str] = []
        context.add_init_script(VIOLATIONS)
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def visit(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def settled(self) -> None:
        """Wait until the page shows what it has to show, and is connected."""
        from playwright.sync_api import expect

        expect(self.page.locator(".is-first, .skeleton, .connection-bar")).to_have_count(0)

    def start_group(self, title: str, *names: str) -> str:
        """Start a conversation; returns its path."""
        self.visit("/new")
        self.page.get_by_label("User names").fill(", ".join(names))
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_role("button", name="Start").click()
        self.composer.wait_for()
        return self.page.url.removeprefix(self.url)

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def bar(self) -> Locator:
        return self.page.locator(".connection-bar")

    @property
    def subtitle(self) -> Locator:
        """What stands below the name of the conversation."""
        return self.page.locator(".pane-people")

    @property
    def sent(self) -> Locator:
        """The messages that the server has, in the order of the page."""
        return self.log.locator("[data-number] .message-text")

    @property
    def unsent(self) -> Locator:
        return self.log.locator(".outgoing .message-text")

    def write(self, *texts: str) -> None:
        for text in texts:
            self.composer.fill(text)
            self.composer.press("Enter")

    def sees(self, texts: Iterable[str], timeout: float = 15.0) -> None:
        """Wait until the log holds exactly these messages, in this order, and nothing waits to be sent."""
        from playwright.sync_api import expect

        expect(self.sent).to_have_text(list(texts), timeout=timeout * 1000)
        expect(self.unsent).to_have_count(0, timeout=timeout * 1000)

    def keeps(self, count: int) -> None:
        """Wait until the browser's database holds this many commands that aren't replied to."""
        wait_until(lambda: self.page.evaluate(KEPT) == count, f"{self.name}'s browser keeps {count} commands")

    def close(self) -> None:
        """Leave; nothing may have gone wrong on the way."""
        violations = [page.evaluate("window.violations") for page in self.context.pages]
        self.context.close()
        assert not self.errors, f"{self.name}'s page threw {self.errors}"
        assert not any(violations), f"{self.name}'s page broke its own rules: {violations}"
