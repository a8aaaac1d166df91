"""Two people who see whether the other one is there."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.axe import faults
from tests.browser.conftest import Enter
from tests.browser.person import Person


def direct(person: Person, name: str) -> str:
    """Start a direct conversation; returns its path."""
    person.visit("/new")
    person.page.get_by_label("User names").fill(name)
    person.page.get_by_role("button", name="Start").click()
    person.composer.wait_for()
    return person.page.url.removeprefix(person.url)


def row_of(person: Person, name: str) -> Locator:
    """The direct conversation in the list."""
    rows = person.page.get_by_role("navigation", name="Conversations").get_by_role("link")
    return rows.filter(has=person.page.locator(".list-title", has_text=name)).filter(
        has=person.page.locator(".avatar:not(.is-square)")
    )


def test_coming_and_going(enter: Enter) -> None:
    """PRS-1 PRS-4 on the page: by a mark, by a word, and by a word for those who don't see."""
    ada = enter("ada")
    direct(ada, "bob")
    bob = enter("bob")
    bob.visit("/")
    expect(ada.subtitle).to_have_text("@bob · online")
    expect(row_of(ada, "bob").locator(".avatar-state.is-online")).to_be_visible()
    expect(row_of(ada, "bob").locator(".list-title + .visually-hidden")).to_have_text("online")
    assert not faults(ada.page)
    # A reload does not flicker: whatever the page shows meanwhile is noted.
    ada.page.evaluate(
        """() => {
          window.shown = new Set();
          const look = () => window.shown.add(document.querySelector(".pane-people").textContent);
          new MutationObserver(look).observe(document.querySelector(".pane"), {
            characterData: true, childList: true, subtree: true,
          });
        }"""
    )
    for _ in range(3):
        bob.page.reload()
        bob.settled()
    assert ada.page.evaluate("() => [...window.shown]") in ([], ["@bob · online"])
    bob.page.close()
    expect(ada.subtitle).to_have_text("@bob · last seen just now", timeout=20_000)
    expect(row_of(ada, "bob").locator(".avatar-state")).to_have_count(0)


def test_away_and_back(enter: Enter) -> None:
    """PRS-1 on the page: who touches nothing is away."""
    ada = enter("ada")
    path = direct(ada, "bob")
    bob = enter("bob")
    bob.context.clock.install()
    bob.visit(path)
    expect(ada.subtitle).to_have_text("@bob · online")
    bob.context.clock.fast_forward("06:00")
    expect(ada.subtitle).to_have_text("@bob · away")
    expect(row_of(ada, "bob").locator(".avatar-state.is-away")).to_be_visible()
    bob.composer.press("a")
    expect(ada.subtitle).to_have_text("@bob · online")


def test_invisible(enter: Enter) -> None:
    """PRS-5 on the page: offline for the other, from the first moment on, also after a reload; and undone."""
    ada, bob = enter("ada"), enter("bob")
    path = direct(ada, "bob")
    bob.visit("/settings/profile")
    bob.page.get_by_label("Appear offline").check()
    expect(ada.subtitle).to_have_text("@bob · last seen just now")
    expect(bob.page.get_by_role("link", name="you appear offline")).to_be_visible()
    bob.visit(path)
    expect(bob.subtitle).to_have_text("@ada · online")
    bob.page.reload()
    bob.settled()
    expect(bob.page.get_by_role("link", name="you appear offline")).to_be_visible()
    expect(ada.subtitle).to_have_text("@bob · last seen just now")
    bob.visit("/settings/profile")
    bob.page.get_by_label("Appear offline").uncheck()
    expect(ada.subtitle).to_have_text("@bob · online")


def test_the_people_of_a_group(enter: Enter) -> None:
    """PRS-2 on the page."""
    ada = enter("ada")
    path = ada.start_group("who is here", "bob")
    bob = enter("bob")
    bob.visit("/")
    ada.visit(f"{path}/info")
    people = ada.page.get_by_role("complementary")
    expect(people.get_by_text("@bob · online")).to_be_visible()
    expect(people.get_by_text("(you)")).to_be_visible()
