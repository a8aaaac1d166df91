"""The page of the REST API, in a browser, under the policy that forbids inline scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.services import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WATCH = """
window.refused = [];
document.addEventListener('securitypolicyviolation', e => refused.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


def test_it_shows_the_api_and_calls_it_with_the_cookie(server: LiveServer, browser: Browser, cookies: dict[str, Any]):
    """ERR-3"""
    context = browser.new_context(storage_state=cookies["ada"])
    try:
        context.add_init_script(WATCH)
        page = context.new_page()
        faults: list[str] = []
        asked: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("requestfailed", lambda request: faults.append(request.url))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{server.url}/api/docs/")
        operation = page.locator("#operations-chat-chat_conversations_post")
        operation.locator(".opblock-summary-control").click()
        operation.locator("textarea").fill('{"participants": ["bob"]}')
        operation.get_by_role("button", name="Execute").click()
        live = operation.locator(".live-responses-table")
        live.wait_for()
        # Made, which a POST by cookie without the CSRF token would not have been.
        assert live.locator(".response-col_status").last.inner_text().startswith("201")
        assert '"kind": "direct"' in live.inner_text()
        assert page.evaluate("refused") == []
        assert faults == []
        assert all(url.startswith((server.url, "data:", "blob:")) for url in asked), asked
    finally:
        context.close()


def test_without_signing_in_it_says_so(server: LiveServer, browser: Browser):
    page = browser.new_page()
    try:
        answer = page.goto(f"{server.url}/api/docs/")
        assert answer is not None and answer.status == 401
        page.get_by_role("heading", name="Sign in first").wait_for()
    finally:
        page.close()
