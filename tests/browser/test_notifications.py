"""What happens for oneself and what is announced: on the page, over one's devices, and by the browser's alerts."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.services import LiveServer
from tests.waiting import wait_until

# The browser's alerts, kept for the test; whether the window has the focus a headless browser doesn't know.
ALERTS = """
window.alerts = [];
document.hasFocus = () => window.focused === true;
window.Notification = class {
  static permission = window.name || "granted";
  static async requestPermission() { return (this.permission = "granted"); }
  constructor(title, options) { Object.assign(this, options, { title }); window.alerts.push(this); }
  close() { window.alerts.splice(window.alerts.indexOf(this), 1); this.onclose?.(); }
};
"""
SECOND = 1000.0
TELL = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
import hubbub
"""


def tell(server: LiveServer, code: str) -> None:
    server.manage("shell", "-c", TELL + code)


def titles(*pages: Page) -> list[str]:
    """Of the alerts that these tabs show."""
    return [title for page in pages for title in page.evaluate("alerts.map(({ title }) => title)")]


def bell(page: Page, count: int) -> None:
    name = re.compile(rf"^Notifications ?, {count} unread$" if count else "^Notifications$")
    link = page.get_by_role("navigation", name="Spaces").get_by_role("link", name=name)
    expect(link).to_be_visible(timeout=SECOND)


def test_a_notification_is_on_all_devices_until_it_is_read_on_one(enter: Enter, server: LiveServer) -> None:
    """NTF-1, NTF-4 on the page: the bell, the list, one alert of the browser, and none where one looks."""
    phone, desk = enter("ada"), enter("ada")
    desk.context.add_init_script(ALERTS)
    tab = desk.new_page()
    for page in (desk.page, tab):
        page.goto(f"{desk.url}/")
    phone.visit("/notifications")
    for person in (phone, desk):
        person.settled()
    expect(phone.page.get_by_text("No notifications yet.")).to_be_visible()
    expect(tab.locator(".is-first, .connection-bar")).to_have_count(0)

    tell(server, 'hubbub.notify(User.objects.get(username="ada"), "Bob assigned you the pump", link="/rooms")')
    for page in (phone.page, desk.page, tab):
        bell(page, 1)
    link = phone.page.get_by_role("link", name="Bob assigned you the pump")
    expect(link).to_be_visible(timeout=SECOND)
    wait_until(lambda: titles(desk.page, tab) == ["Bob assigned you the pump"], "one tab shows an alert")

    link.click()
    expect(phone.page.get_by_role("heading", name="Rooms")).to_be_visible()
    for page in (phone.page, desk.page, tab):
        bell(page, 0)
    wait_until(lambda: titles(desk.page, tab) == [], "the alert is closed")

    tab.evaluate("window.focused = true; dispatchEvent(new Event('focus'))")
    tell(server, 'hubbub.notify(User.objects.get(username="ada"), "Seen at once")')
    for page in (desk.page, tab):
        bell(page, 1)
    tab.get_by_role("link", name="Notifications").click()
    tab.get_by_role("button", name="Mark as read: Seen at once").click()
    bell(desk.page, 0)
    assert titles(desk.page, tab) == []
    tab.get_by_role("button", name="Mark as unread: Seen at once").click()
    bell(phone.page, 1)
    tab.get_by_role("button", name="Mark all read").click()
    bell(phone.page, 0)


def test_the_page_asks_before_the_browser_does_and_only_with_a_reason(enter: Enter) -> None:
    bob = enter("bob")
    bob.context.clear_cookies(name="hubbub_alerts")
    bob.context.add_init_script(f"window.name = 'default'; {ALERTS}")
    turn_on = bob.page.get_by_role("button", name="Turn on")
    bob.visit("/r/asking")
    expect(bob.composer).to_be_visible()
    bob.settled()
    expect(turn_on).to_have_count(0)
    bob.write("Hello")
    turn_on.click()
    expect(turn_on).to_have_count(0)
    assert bob.page.evaluate("Notification.permission") == "granted"


def test_what_is_announced_stands_across_the_page(enter: Enter, server: LiveServer) -> None:
    """ANN-1, ANN-3 on the page: the gravest first, a clock, and what one has done is done on all devices."""
    ada, phone, bob = enter("ada"), enter("ada"), enter("bob")
    for person in (ada, phone, bob):
        person.visit("/")
        person.settled()
    say = "hubbub.announce(hubbub.Audience.everyone()"
    tell(
        server,
        f'{say}, "Maintenance", level="warning", acknowledge=True, counts_to=timezone.now() + timedelta(minutes=10))\n'
        f'{say}, "The press has stopped", level="danger")',
    )
    for person in (ada, phone, bob):
        expect(person.page.get_by_text("The press has stopped")).to_be_visible(timeout=SECOND)
        expect(person.page.get_by_role("link", name="1 more")).to_be_visible()
    ada.page.get_by_role("button", name="Dismiss: The press has stopped").click()
    for person in (ada, phone):
        clock = person.page.get_by_role("timer")
        expect(clock).to_have_text(re.compile(r"in (10:00|9:\d\d)"), timeout=SECOND)
        expect(clock).not_to_have_text(clock.inner_text())
    phone.page.get_by_role("button", name="Acknowledge").click()
    for person in (ada, phone):
        expect(person.page.get_by_role("timer")).to_have_count(0, timeout=SECOND)
        bell(person.page, 0)
    expect(bob.page.get_by_text("The press has stopped")).to_be_visible()
    bob.page.get_by_role("link", name="1 more").click()
    expect(bob.page.get_by_role("heading", name="Notifications")).to_be_visible()
    bell(bob.page, 2)
    bob.page.reload()
    bell(bob.page, 2)
    expect(bob.page.get_by_role("status").get_by_text("The press has stopped")).to_be_visible()


def test_the_settings_offer_what_can_reach_somebody(enter: Enter, server: LiveServer) -> None:
    """No pushes where the server has no key; no choice of when mails come where there is no address."""
    ada = enter("ada")
    ada.visit("/settings/notifications")
    expect(ada.page.get_by_role("columnheader", name="E-mail")).to_be_visible()
    expect(ada.page.get_by_role("columnheader", name="Push")).to_have_count(0)
    expect(ada.page.get_by_role("link", name="give and confirm an address")).to_be_visible()
    tell(
        server,
        "from hubbub.accounts.models import VerifiedAddress\n"
        'ada, address = User.objects.get(username="ada"), "ada@example.org"\n'
        "VerifiedAddress.objects.create(user=ada, address=address)\n"
        "User.objects.filter(pk=ada.pk).update(email=address)",
    )
    ada.page.reload()
    mails = ada.page.get_by_label("Mails about what stays unread")
    mails.select_option("Once a day, at 8:00")
    expect(mails).to_have_value("daily")
    ada.page.reload()
    expect(mails).to_have_value("daily")
