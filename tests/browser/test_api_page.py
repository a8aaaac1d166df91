"""The page of the REST API, in a browser, under the policy that forbids inline scripts."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Enter


def test_it_shows_the_api_and_calls_it_with_the_cookie(enter: Enter) -> None:
    """ERR-3; that no rule of the page's policy is broken is checked when the person leaves."""
    ada = enter("ada")
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    ada.visit("/api/docs/")
    operation = ada.page.locator("#operations-chat-chat_conversations_post")
    operation.locator(".opblock-summary-control").click()
    operation.locator("textarea").fill('{"participants": ["bob"]}')
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    # Made, which a POST by cookie without the CSRF token would not have been.
    expect(answer.locator(".response-col_status").last).to_contain_text("201")
    expect(answer).to_contain_text('"kind": "direct"')
    assert all(url.startswith((ada.url, "data:", "blob:")) for url in asked), asked


def test_without_signing_in_it_says_so(enter: Enter) -> None:
    stranger = enter("nobody")
    stranger.visit("/api/docs/")
    expect(stranger.page.get_by_role("heading", name="Sign in first")).to_be_visible()
