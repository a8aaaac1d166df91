"""Every view, looked at by axe-core in both themes: nothing serious, nothing critical."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.browser.person import Person

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text()
RUN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
GRAVE = ("serious", "critical")

VIEWS = {
    "list": "/",
    "conversation": "{group}",
    "details": "{group}/info",
    "new": "/new",
    "rooms": "/rooms",
    "room": "/r/access",
    "settings": "/settings",
    "appearance": "/settings/appearance",
    "profile": "/settings/profile",
    "e-mail": "/settings/email",
    "password": "/settings/password",
    "devices": "/settings/sessions",
    "close": "/settings/close",
    "unknown": "/nowhere",
    "gone": "/c/99999",
}


def faults(person: Person) -> list[str]:
    # By the debugger, not by a script tag: the page's own policy has no place for that.
    person.page.evaluate(AXE)
    found: list[dict[str, Any]] = person.page.evaluate(RUN)
    return [
        f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes']][:3]}"
        for each in found
        if each["impact"] in GRAVE
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_view(enter: Enter, theme: str, width: int) -> None:
    ada = enter("ada", color_scheme=theme, viewport={"width": width, "height": 800})
    group = ada.start_group(f"access {theme} {width}", "bob")
    ada.write("Hello", "no \x00 here")
    expect(ada.log.get_by_role("alert")).to_be_visible()
    for name, path in VIEWS.items():
        ada.visit(path.format(group=group))
        ada.settled()
        assert not faults(ada), name
    ada.page.keyboard.press("Control+k")
    expect(ada.page.get_by_role("dialog", name="Go to")).to_be_visible()
    assert not faults(ada), "palette"
    ada.page.keyboard.press("Escape")
    ada.visit("/")
    ada.settled()
    ada.page.keyboard.press("?")
    expect(ada.page.get_by_role("dialog", name="Keyboard help")).to_be_visible()
    assert not faults(ada), "help"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signing_in(enter: Enter, theme: str) -> None:
    guest = enter("guest", color_scheme=theme)
    guest.visit("/")
    expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not faults(guest)
    for heading, path in {"Forgot your password?": "/reset", "Choose a new password": "/reset#x"}.items():
        guest.visit(path)
        expect(guest.page.get_by_role("heading", name=heading)).to_be_visible()
        assert not faults(guest), path
    guest.visit("/verify#x")
    expect(guest.page.get_by_role("button", name="Confirm the address")).to_be_visible()
    assert not faults(guest), "verify"
    guest.visit("/r/access")
    expect(guest.composer).to_be_visible()
    assert not faults(guest), "a guest in a room"
