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
