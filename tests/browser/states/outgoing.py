"""What becomes of a message that one writes."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.stage import Stage
from tests.browser.states.registry import state


@state
def sending(stage: Stage) -> Person:
    proxy = stage.proxy()
    ada = stage.at(stage.path(), proxy=proxy)
    proxy.deafen()
    ada.write("It holds at 2.6 bar.")
    expect(ada.log.locator(".outgoing-note")).to_have_text("Sending")
    expect(ada.log.locator(".sent-note")).to_have_count(0)
    return ada


@state
def sent(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    ada.write("It holds at 2.6 bar.")
    expect(ada.log.locator(".sent-note")).to_have_text("Sent")
    return ada


@state
def failed(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    ada.write("no \x00 here")
    problem = ada.log.get_by_role("alert")
    expect(problem).to_contain_text("Couldn't send.")
    for name in ("Retry", "Discard"):
        expect(problem.get_by_role("button", name=name)).to_be_visible()
    return ada


@state
def too_long(stage: Stage) -> Person:
    ada = stage.at(stage.path())
    ada.composer.fill("far too long " * 400)
    expect(ada.page.get_by_text("199 characters too long")).to_be_visible()
    return ada


@state
def rate_limited(stage: Stage) -> Person:
    """LIM-2 on the page."""
    ada = stage.at(stage.path())
    ada.write(*(f"Reading {number}" for number in range(1, 8)))
    note = ada.log.locator(".outgoing-note").filter(has_text="Too many at once.")
    expect(note).to_have_text(re.compile(r"Sends in \d+ s"))
    return ada
