"""Who is there. Grace is seen in these, and would have been seen last in any state after them."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.stage import Stage
from tests.browser.states.registry import state
from tests.browser.world import NOW


def _with_grace(stage: Stage) -> tuple[Person, Person]:
    """The viewer in her conversation with Grace, who is there."""
    ada, grace = stage.at(stage.path("")), stage.enter("grace", visible=True)
    grace.visit("/settings/profile")
    grace.settled()
    # The server remembers that she was invisible in an earlier state.
    hide = grace.page.get_by_label("Appear offline")
    hide.check()
    hide.uncheck()
    expect(ada.subtitle).to_have_text("@grace · online")
    return ada, grace


@state
def online(stage: Stage) -> Person:
    return _with_grace(stage)[0]


@state
def away(stage: Stage) -> Person:
    ada, grace = _with_grace(stage)
    # Nobody touches anything for a while.
    grace.context.clock.set_fixed_time(NOW + timedelta(minutes=6))
    expect(ada.subtitle).to_have_text("@grace · away", timeout=30_000)
    return ada


@state
def last_seen(stage: Stage) -> Person:
    ada, grace = _with_grace(stage)
    grace.page.close()
    expect(ada.subtitle).to_have_text("@grace · last seen just now")
    ada.visit(f"{stage.path('')}/info")
    expect(ada.page.get_by_role("complementary").get_by_text("last seen just now")).to_be_visible()
    return ada


@state
def invisible(stage: Stage) -> Person:
    ada = stage.enter(visible=False)
    ada.visit("/settings/profile")
    ada.settled()
    expect(ada.page.get_by_label("Appear offline")).to_be_checked()
    expect(ada.page.get_by_role("link", name="you appear offline")).to_be_attached()
    return ada
