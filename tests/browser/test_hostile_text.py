"""Text that was written to break the page which the server fills: it is shown as text, in its own lines."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.person import VIOLATIONS
from tests.services import LiveServer

TITLE = "</script><script>document.title='owned'</script><!-- \u2028 \u202e"
TEXTS = [
    "</script><img src=x onerror=\"document.title='owned'\">",
    "<!--<script>",
    "{{ 7|add:7 }} {% load hubbub %} ${1} \u2028 \u2029",
    "javascript:alert(1)",
    "W" * 5000,
    "🏳️‍🌈" * 700,
    "\u202eturned over \u2066 and over",
    "z\u0300" * 400,
]
MAKE = f"""
from django.contrib.auth import get_user_model
from hubbub.chat.actions import create_conversation, send_message
from hubbub.django.auth import actor_of_user
ada = actor_of_user(get_user_model().objects.get(username="ada"))
topic = create_conversation(ada, ["bob"], {TITLE!r}).conversation.topic
for text in {TEXTS!r}:
    send_message(ada, topic, text)
print("TOPIC" + topic)
"""


@pytest.fixture
def path(server: LiveServer) -> str:
    return "/c/" + server.manage("shell", "--no-imports", "-c", MAKE).stdout.split("TOPICchat.")[1].strip()


def keeps_its_place(page: Page) -> None:
    assert page.title() != "owned"
    expect(page.locator("[data-number] .message-text")).to_have_text(TEXTS)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"
    assert not page.locator("[data-number] .message-text :is(a, img, script)").count()


@pytest.mark.parametrize("script", [False, True], ids=["without script", "with script"])
@pytest.mark.parametrize("width", [380, 1200])
def test_what_is_written_stays_text(
    browser: Browser, cookies: dict[str, Any], server: LiveServer, path: str, script: bool, width: int
) -> None:
    context = browser.new_context(
        storage_state=cookies["ada"], java_script_enabled=script, viewport={"width": width, "height": 700}
    )
    if script:
        context.add_init_script(VIOLATIONS)
    page = context.new_page()
    page.goto(f"{server.url}{path}")
    if script:
        expect(page.get_by_label("Message", exact=True)).to_be_visible()
    expect(page.locator("[data-number]")).to_have_count(len(TEXTS))
    keeps_its_place(page)
    if script:
        assert page.evaluate("window.violations") == []
    context.close()


# Names of every kind but a room's, which has letters and digits only: of the account, the person, the conversation.
NAMED = """
from django.contrib.auth import get_user_model
from hubbub.chat.actions import create_conversation, send_message
from hubbub.django.auth import actor_of_user
User = get_user_model()
found = []
for number, text in enumerate(%r):
    eve = User.objects.create_user(text[:100] + str(number), first_name=text[:150], last_name=text[:150])
    made = create_conversation(actor_of_user(eve), ["ada", "bob"], text[:100])
    send_message(actor_of_user(eve), made.conversation.topic, f"{number} {text}")
    send_message(actor_of_user(User.objects.get(username="ada")), made.conversation.topic, "not mine")
    found.append(f"/c/{made.conversation.topic.removeprefix('chat.')}")
print("PATHS" + " ".join(found))
"""
NAMES = [
    "<img src=x onerror=\"document.title='owned'\">",
    "</title></script><script>document.title='owned'</script>",
    "javascript:alert(document.domain)",
    "\u202etxt.exe\u2066 a\u200bb\u200d\ufeffc",
    "&lt;b&gt;{{7*7}}${7*7}",
]


def test_no_name_does_anything(browser: Browser, cookies: dict[str, Any], server: LiveServer) -> None:
    """Security 10: in the list, the head, the title, the messages; no script runs and no policy is broken."""
    said = server.manage("shell", "--no-imports", "-c", NAMED % NAMES).stdout
    paths = said.split("PATHS")[1].split()
    context = browser.new_context(storage_state=cookies["ada"])
    context.add_init_script(VIOLATIONS + "window.dialogs = 0; window.alert = () => { window.dialogs += 1 };")
    page = context.new_page()
    elements = "img[src=x], [onerror], a[href^='javascript'], b"
    for path in ["/", *paths]:
        page.goto(f"{server.url}{path}")
        page.get_by_role("navigation", name="Conversations").wait_for()
        if path != "/":
            expect(page.locator("[data-number]").first).to_be_visible()
        assert page.evaluate("window.violations") == [] and page.evaluate("window.dialogs") == 0
        assert page.locator(elements).count() == 0
        assert page.evaluate("document.title") != "owned"
    print(f"{len(NAMES)} names on {len(paths) + 1} pages: no script ran, no violation, no element of theirs")
    context.close()
