"""What a browser's console says, in Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services import HOST, LiveServer
from tests.troubleshooting.page import pattern

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

SOCKET = "url => new Promise(done => { new WebSocket(url).onclose = event => done(event.code) })"
FETCH = "url => fetch(url).then(() => 'fetched', () => 'blocked')"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """A page on another origin. A real one: the browser guards this machine from pages that are not on it."""
    (tmp_path / "index.html").write_text("<title>elsewhere</title>")
    with ThreadingHTTPServer((HOST, 0), partial(SimpleHTTPRequestHandler, directory=tmp_path)) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{http.server_port}/"
        http.shutdown()


def test_a_page_on_another_origin(browser: Browser, production: LiveServer, elsewhere: str) -> None:
    """ORG-1: the page learns nothing but 1006, and the console has the status."""
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(elsewhere)
    assert page.evaluate(SOCKET, production.ws_url) == 1006
    assert page.evaluate(FETCH, f"{production.url}/api/conversations/") == "blocked"
    for name in ("console-403", "console-cors"):
        assert any(pattern(name).search(text) for text in said), (name, said)
    page.close()
