"""The list of states."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.person import Person
from tests.browser.stage import Stage

Reach = Callable[[Stage], Person]

STATES: dict[str, Reach] = {}
"""By name. What a state's function returns is whose page shows it, once it does."""

ALONE = ("first-run",)
"""Those whose viewer has no conversations yet."""


def state(reach: Reach) -> Reach:
    STATES[reach.__name__.replace("_", "-")] = reach
    return reach


def has_heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
