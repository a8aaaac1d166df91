"""One's account, before and after signing in."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.stage import Stage
from tests.browser.states.registry import has_heading, state


def _outer(stage: Stage, path: str, heading: str) -> Person:
    guest = stage.guest()
    guest.visit(path)
    has_heading(guest.page, heading)
    return guest


@state
def sign_in(stage: Stage) -> Person:
    return _outer(stage, "/sign-in", "Sign in")


@state
def sign_in_refused(stage: Stage) -> Person:
    guest = _outer(stage, "/sign-in", "Sign in")
    guest.page.get_by_label("User name").fill("grace")
    guest.page.get_by_label("Password").fill("not this one")
    guest.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(guest.page.get_by_role("alert")).to_be_visible()
    return guest


@state
def register(stage: Stage) -> Person:
    guest = _outer(stage, "/sign-in", "Sign in")
    guest.page.get_by_role("button", name="Make an account").click()
    has_heading(guest.page, "Make an account")
    return guest


@state
def forgot(stage: Stage) -> Person:
    return _outer(stage, "/reset", "Forgot your password?")


@state
def reset(stage: Stage) -> Person:
    return _outer(stage, "/reset#x", "Choose a new password")


@state
def verify(stage: Stage) -> Person:
    guest = _outer(stage, "/verify#x", "Your e-mail address")
    expect(guest.page.get_by_role("button", name="Confirm the address")).to_be_visible()
    return guest


def _profile(stage: Stage, path: str) -> Person:
    ada = stage.at(path)
    expect(ada.page.get_by_label("Appear offline")).to_be_attached()
    return ada


@state
def settings(stage: Stage) -> Person:
    return _profile(stage, "/settings")


@state
def settings_appearance(stage: Stage) -> Person:
    return stage.at("/settings/appearance")


@state
def settings_profile(stage: Stage) -> Person:
    return _profile(stage, "/settings/profile")


@state
def settings_email(stage: Stage) -> Person:
    ada = stage.at("/settings/email")
    expect(ada.page.get_by_label("New address")).to_be_visible()
    return ada


@state
def settings_password(stage: Stage) -> Person:
    return stage.at("/settings/password")


@state
def settings_sessions(stage: Stage) -> Person:
    ada = stage.at("/settings/sessions")
    expect(ada.page.get_by_text("This one.")).to_be_visible()
    return ada


@state
def settings_close(stage: Stage) -> Person:
    return stage.at("/settings/close")
