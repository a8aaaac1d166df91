"""The service worker, in a real browser. No push service is within reach: the debugger hands it what is pushed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hubbub
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Worker

SCRIPT = Path(hubbub.__file__).parent / "web" / "static" / "hubbub" / "push-worker.js"
SHOWN = """async () => (await self.registration.getNotifications())
    .map(({ title, body, tag, data }) => ({ title, body, tag, link: data?.link }))"""
COUNT_DONE = """() => {
    self.done = 0;
    const { waitUntil } = ExtendableEvent.prototype;
    ExtendableEvent.prototype.waitUntil = function (work) {
        waitUntil.call(this, Promise.resolve(work).finally(() => { self.done += 1; }));
    };
}"""

STRANGE = b"<!doctype html><title>Page</title>"
OURS = (
    STRANGE
    + b"""<script>
navigator.serviceWorker.onmessage = ({ data, ports }) => {
    if (data.type === "hubbub.who-is-there") ports[0].postMessage(true);
    window.asked = true;
};
</script>"""
)
"""It answers the worker, as the UI does."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """A page and the worker, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = self.path == "/push-worker.js"
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html")
            self.end_headers()
            self.wfile.write(SCRIPT.read_bytes() if script else STRANGE if self.path == "/admin/" else OURS)

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class Pushed:
    """A browser with the worker, and whoever pushes to it."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.origin = origin
        self._debugger = context.new_cdp_session(context.new_page())
        found: list[str] = []
        self._debugger.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda told: found.extend(each["registrationId"] for each in told["registrations"]),
        )
        self._debugger.send("ServiceWorker.enable")
        self.page = page = context.new_page()
        page.goto(f"{origin}/")
        page.evaluate("async () => { await navigator.serviceWorker.register('/push-worker.js'); }")
        # It claims the page before it takes any push.
        page.wait_for_function("async () => (await navigator.serviceWorker.ready).active.state === 'activated'")
        self.worker: Worker = context.service_workers[0]
        self.worker.evaluate(COUNT_DONE)
        self._registration = found[0]

    def push(self, id: int, title: str, unread: list[int], **more: Any) -> None:
        said = {"id": id, "title": title, "body": "", "level": "info", "link": "", "created_at": "", "unread": unread}
        self.push_text(json.dumps({**said, **more}))

    def push_text(self, data: str) -> None:
        """Push, and wait until the worker has acted: Chromium may drop an alert that is asked for while it appears."""
        before = self.worker.evaluate("() => self.done")
        self._debugger.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self.origin, "registrationId": self._registration, "data": data},
        )
        wait_until(lambda: self.worker.evaluate("() => self.done") > before, "the worker's end of a push")

    def shown(self) -> dict[str, Any]:
        return {each["title"]: each for each in self.worker.evaluate(SHOWN)}


@pytest.fixture
def pushed(browser: Browser, origin: str) -> Iterator[Pushed]:
    context = browser.new_context()
    context.grant_permissions(["notifications"], origin=origin)
    yield Pushed(context, origin)
    context.close()


@pytest.fixture
def closed(pushed: Pushed) -> Pushed:
    close(pushed)
    return pushed


def close(pushed: Pushed) -> None:
    """Close the page, until the worker knows of none."""
    pushed.page.close()
    pages = "async () => (await self.clients.matchAll({ type: 'window', includeUncontrolled: true })).length"
    wait_until(lambda: pushed.worker.evaluate(pages) == 0, "the page's end")


def see(pushed: Pushed, *titles: str) -> None:
    wait_until(lambda: set(pushed.shown()) == set(titles), f"alerts of {titles}, not {pushed.shown()}")


def test_a_push_is_an_alert_and_closes_those_that_were_read(closed: Pushed) -> None:
    """PSH-5"""
    closed.push(1, "Tea", [1], body="It is hot.", link="/c/3")
    see(closed, "Tea")
    assert closed.shown()["Tea"] == {
        "title": "Tea", "body": "It is hot.", "tag": "hubbub-notification-1", "link": "/c/3",
    }  # fmt: skip
    closed.push(2, "Cake", [2, 1])
    see(closed, "Tea", "Cake")
    closed.push(1, "Tea for two", [1, 2])
    see(closed, "Tea for two", "Cake")
    closed.push(3, "Bread", [3])
    see(closed, "Bread")
    closed.push_text("no JSON at all")
    see(closed, "Bread", "Something new")


def test_a_page_that_has_the_focus_shows_it_by_itself(pushed: Pushed) -> None:
    """PSH-5: as all pages have here; others of the site, which can't show it, don't count."""
    pushed.push(1, "Tea", [1])
    pushed.page.wait_for_function("window.asked")
    pushed.page.goto(f"{pushed.origin}/admin/")
    pushed.push(2, "Cake", [2, 1])
    see(pushed, "Cake")


@pytest.mark.parametrize(
    ("link", "opened"),
    [
        ("/c/3", "{origin}/c/3"),
        ("https://example.org/1", "https://example.org/1"),
        ("javascript:alert(1)", "{origin}/"),
        ("data:text/html,x", "{origin}/"),
        ("https://", "{origin}/"),
        ("", "{origin}/"),
    ],
)
def test_a_click_leads_to_the_link(closed: Pushed, link: str, opened: str) -> None:
    """PSH-5: to http and https only."""
    closed.push(1, "Tea", [1], link=link)
    see(closed, "Tea")
    led = closed.worker.evaluate(CLICK)
    assert led == opened.format(origin=closed.origin)
    see(closed)


# Only a person's click lets a worker open or focus a page: what it asks for is caught.
CLICK = """async () => {
    const [notification] = await self.registration.getNotifications();
    const asked = new Promise((resolve) => { self.clients.openWindow = async (url) => resolve(url); });
    self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
    return asked;
}"""
