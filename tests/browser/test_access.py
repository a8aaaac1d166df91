"""Every view, looked at by axe-core in both themes: nothing serious, nothing critical."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.axe import faults
from tests.browser.conftest import Enter

VIEWS = {
    "list": "/",
    "conversation": "{group}",
    "details": "{group}/info",
    "new": "/new",
    "rooms": "/rooms",
    "room": "/r/access",
    "notifications": "/notifications",
    "settings": "/settings",
    "notification settings": "/settings/notifications",
    "appearance": "/settings/appearance",
    "profile": "/settings/profile",
    "e-mail": "/settings/email",
    "password": "/settings/password",
    "devices": "/settings/sessions",
    "close": "/settings/close",
    "unknown": "/nowhere",
    "gone": "/c/99999",
}


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
        assert not faults(ada.page), name
    ada.page.keyboard.press("Control+k")
    expect(ada.page.get_by_role("dialog", name="Go to")).to_be_visible()
    assert not faults(ada.page), "palette"
    ada.page.keyboard.press("Escape")
    ada.visit("/")
    ada.settled()
    ada.page.keyboard.press("?")
    expect(ada.page.get_by_role("dialog", name="Keyboard help")).to_be_visible()
    assert not faults(ada.page), "help"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signing_in(enter: Enter, theme: str) -> None:
    guest = enter("guest", color_scheme=theme)
    guest.visit("/")
    expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not faults(guest.page)
    for heading, path in {"Forgot your password?": "/reset", "Choose a new password": "/reset#x"}.items():
        guest.visit(path)
        expect(guest.page.get_by_role("heading", name=heading)).to_be_visible()
        assert not faults(guest.page), path
    guest.visit("/verify#x")
    expect(guest.page.get_by_role("button", name="Confirm the address")).to_be_visible()
    assert not faults(guest.page), "verify"
    guest.visit("/r/access")
    expect(guest.composer).to_be_visible()
    assert not faults(guest.page), "a guest in a room"
