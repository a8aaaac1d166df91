"""People and their accounts: two browsers of one person, and the mails that she gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from hubbub.accounts.tests.live import link
from tests.browser.person import Person
from tests.services import LiveServer, live_servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PASSWORD, NEW, NEWER = "a-long-enough-passphrase", "another-passphrase", "yet-another-passphrase"
ADDRESS = "cleo@example.org"


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mails")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, mails: Path) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("account")) as start:
        yield start(env={"EMAIL_URL": f"filemail:///{mails}"})


@pytest.fixture
def people(server: LiveServer, browser: Browser) -> Iterator[list[Person]]:
    """Two browsers; nothing may go wrong in either."""
    people = [Person(name, browser.new_context(), server.url) for name in ("first", "second")]
    yield people
    for person in people:
        person.close()


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("User name").fill("cleo")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def signed_in(page: Page) -> None:
    expect(page.get_by_role("navigation", name="Conversations")).to_be_visible()


def test_an_account_from_its_beginning_to_its_end(server: LiveServer, people: list[Person], mails: Path) -> None:
    """AUT-4, AUT-7 on the page."""
    first, second = (person.page for person in people)

    # She registers, with an address, and confirms it.
    first.goto(f"{server.url}/sign-in")
    first.get_by_role("button", name="Make an account").click()
    first.get_by_label("User name").fill("cleo")
    first.get_by_label("Password").fill(PASSWORD)
    first.get_by_label("E-mail").fill(ADDRESS)
    first.get_by_role("button", name="Make the account").click()
    signed_in(first)
    first.goto(f"{server.url}/verify#{link(mails, ADDRESS, 'verify')}")
    assert first.url == f"{server.url}/verify", "the link's worth is in the address still"
    first.get_by_role("button", name="Confirm the address").click()
    expect(first.get_by_text(f"{ADDRESS} is confirmed.")).to_be_visible()
    first.goto(f"{server.url}/settings/email")
    expect(first.get_by_text("Confirmed", exact=True)).to_be_visible()

    # Another name.
    first.goto(f"{server.url}/settings/profile")
    first.get_by_label("First name").fill("Cleo <b>")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_text("Saved.")).to_be_visible()
    expect(first.get_by_role("navigation", name="Settings")).to_contain_text("Cleo <b> @cleo")

    # Her other browser is listed, and signed out from here.
    second.goto(f"{server.url}/sign-in")
    sign_in(second, PASSWORD)
    signed_in(second)
    first.goto(f"{server.url}/settings/sessions")
    rows = first.get_by_role("list", name="Where you are signed in").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="This one.")).to_have_count(1)
    expect(rows.first).to_contain_text("Chrome on Linux")
    first.get_by_role("button", name="Sign out: ").click()
    expect(rows).to_have_count(1)
    expect(second.get_by_text("You were signed out. Sign in to go on.")).to_be_visible()

    # A changed password signs out the other browser, and keeps this one.
    sign_in(second, PASSWORD)
    signed_in(second)
    first.goto(f"{server.url}/settings/password")
    first.get_by_label("Present password").fill("not this one")
    first.get_by_label("New password").fill(NEW)
    first.get_by_role("button", name="Change the password").click()
    expect(first.get_by_role("alert")).to_have_text("This is not your password.")
    first.get_by_label("Present password").fill(PASSWORD)
    first.get_by_role("button", name="Change the password").click()
    expect(first.get_by_text("Changed. You are signed out everywhere else.")).to_be_visible()
    expect(second.get_by_text("You were signed out. Sign in to go on.")).to_be_visible()
    first.reload()
    expect(first.get_by_role("button", name="Change the password")).to_be_visible()

    # The second forgets it, and asks for another.
    second.get_by_role("link", name="Forgot your password?").click()
    second.get_by_label("E-mail").fill(ADDRESS)
    second.get_by_role("button", name="Send the link").click()
    expect(second.get_by_text("a mail with a link is on its way")).to_be_visible()
    token = link(mails, ADDRESS, "reset")
    second.goto(f"{server.url}/reset#{token}")
    second.get_by_label("New password").fill("short")
    second.get_by_role("button", name="Change the password").click()
    expect(second.get_by_role("alert")).to_contain_text("too short")
    second.get_by_label("New password").fill(NEWER)
    second.get_by_role("button", name="Change the password").click()
    expect(second.get_by_text("The password of cleo is changed. Sign in with it.")).to_be_visible()
    expect(first.get_by_text("You were signed out. Sign in to go on.")).to_be_visible()
    assert token not in server.log()
    second.goto(f"{server.url}/reset#{token}")
    second.get_by_label("New password").fill(NEWER)
    second.get_by_role("button", name="Change the password").click()
    expect(second.get_by_role("alert")).to_contain_text("used already")

    # She closes the account.
    second.goto(f"{server.url}/sign-in")
    sign_in(second, NEWER)
    signed_in(second)
    second.goto(f"{server.url}/settings/close")
    second.get_by_label("Your password").fill(NEWER)
    second.get_by_role("button", name="Close the account").click()
    expect(second.get_by_text("Your account is closed.")).to_be_visible()
    sign_in(second, NEWER)
    expect(second.get_by_role("alert")).to_contain_text("No active account")
