"""Two people in two browsers."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, Enter

MARKUP = [
    "<b>bold</b> <img src=x onerror=alert(1)>",
    "<script>document.title = 'owned'</script>",
    '"><a href="javascript:alert(1)">click</a>',
    "&lt;b&gt; &amp; ]]> ${1+1} {{7*7}}",
    "مرحبا \u202e back to front",
]


def test_each_sees_the_other_type_and_write(enter: Enter) -> None:
    """CHT-1, CHT-3 on the page."""
    ada, bob = enter("ada"), enter("bob")
    path = ada.start_group("each other", "bob")
    bob.visit(path)
    # Bob's page shows the conversation before it follows it, and who types is told to those who follow.
    ada.composer.fill("Are you there?")
    ada.composer.press("Enter")
    expect(bob.sent.last).to_have_text("Are you there?")
    for writer, reader, text in ((ada, bob, "Hello Bob"), (bob, ada, "Hello Ada")):
        writer.composer.press_sequentially(text)
        expect(reader.page.get_by_text(f"{writer.name} is typing")).to_be_visible()
        writer.composer.press("Enter")
        expect(reader.sent.last).to_have_text(text)
        expect(reader.page.get_by_text("is typing")).to_be_hidden()
    for person in (ada, bob):
        person.sees(["Are you there?", "Hello Bob", "Hello Ada"])


def test_shift_enter_begins_a_line_and_lines_stay_lines(enter: Enter) -> None:
    ada = enter("ada")
    ada.start_group("lines", "bob")
    ada.composer.press_sequentially("one")
    ada.composer.press("Shift+Enter")
    ada.composer.press_sequentially("two")
    ada.composer.press("Enter")
    expect(ada.sent).to_have_text("one\ntwo", use_inner_text=True)


def test_the_list_is_live_and_reading_is_noticed(enter: Enter) -> None:
    """CHT-5, CHT-6 on the page."""
    ada, bob = enter("ada"), enter("bob")
    bob.visit("/")
    ada.start_group("live list", "bob")
    row = bob.page.get_by_role("link", name="live list")
    expect(row).to_be_visible()
    ada.write("one", "two")
    expect(row).to_contain_text("ada: two")
    expect(row.locator(".list-unread")).to_have_text("2 unread")
    row.click()
    bob.sees(["one", "two"])
    expect(row.locator(".list-unread")).to_have_count(0)
    bob.page.reload()
    bob.sees(["one", "two"])
    expect(row.locator(".list-unread")).to_have_count(0)


def test_markup_is_text(enter: Enter) -> None:
    ada, bob = enter("ada"), enter("bob")
    path = ada.start_group("<i>markup</i>", "bob")
    bob.visit(path)
    ada.write(*MARKUP)
    for person in (ada, bob):
        person.sees(MARKUP)
        expect(person.page.get_by_role("heading", name="<i>markup</i>")).to_be_visible()
        expect(person.log.locator("b, i, img, script, a")).to_have_count(0)
        assert "owned" not in person.page.title()
    # What is shown as text did nothing; leaving checks that the page's security policy had nothing to stop.


def test_deleting_is_for_oneself(enter: Enter) -> None:
    """CHT-2 on the page."""
    ada, bob = enter("ada"), enter("bob")
    path = ada.start_group("deleting", "bob")
    bob.visit(path)
    ada.write("one", "two", "three")
    bob.sees(["one", "two", "three"])
    delete = ada.page.get_by_role("button", name="Delete this message for me").nth(2)
    delete.click()
    ada.page.get_by_role("button", name="Delete for you?").click()
    ada.sees(["one", "two"])
    expect(ada.page.get_by_role("link", name="deleting")).to_contain_text("You: two")
    ada.page.reload()
    ada.sees(["one", "two"])
    bob.sees(["one", "two", "three"])


def test_a_room_is_entered_by_its_address(enter: Enter) -> None:
    """CHT-8 on the page, for a guest too."""
    ada, guest = enter("ada"), enter("guest")
    ada.visit("/r/café")
    guest.visit("/r/café")
    expect(guest.composer).to_be_visible()
    ada.write("Hello")
    guest.sees(["Hello"])
    guest.write("Hello back")
    ada.sees(["Hello", "Hello back"])
    expect(ada.page.get_by_role("heading", name="Anonymous")).to_be_visible()


def test_what_one_may_not_see_is_not_there(enter: Enter) -> None:
    """ACC-1 on the page."""
    ada = enter("ada")
    for path in ("/c/99999", "/nowhere"):
        ada.visit(path)
        expect(ada.page.get_by_role("link", name="To the conversations")).to_be_visible()


def test_registering_signing_out_and_in(enter: Enter) -> None:
    """AUT-4 on the page: the other tab of the login is signed out too."""
    somebody = enter("somebody")
    somebody.visit("/new")
    page = somebody.page
    page.get_by_role("button", name="Make an account").click()
    page.get_by_label("User name").fill("carol")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("First name").fill("Carol")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="New conversation")).to_be_visible()

    other = somebody.new_page()
    other.goto(f"{somebody.url}/")
    expect(other.get_by_text("No conversations yet")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(other.get_by_text("You were signed out")).to_be_visible()

    page.get_by_label("User name").fill("carol")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("No active account")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Carol")).to_be_visible()
