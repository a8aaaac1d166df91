"""A page of another origin, without a bundler: docs/how-to/own-front-end.md says how."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import MAKE_USERS, PASSWORD
from tests.services import HOST, live_servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DIST = Path(__file__).resolve().parents[2] / "clients" / "typescript" / "dist"
PAGE = """<!doctype html>
<title>Elsewhere</title>
<script type="importmap">{"imports": {"hubbub": "/hubbub/index.js"}}</script>
<p id="status"></p><ul id="messages"></ul>
<script type="module">
  import { Client, IndexedDbStore } from "hubbub";
  const api = "http://SERVER/api/auth", how = location.hash.slice(1);
  const post = (path, body, access) => fetch(`${api}/${path}/`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(access ? { Authorization: `Bearer ${access}` } : {}) },
    body: JSON.stringify(body),
  }).then((response) => response.json());
  let { access, refresh } = await post("token", { username: "ada", password: "PASSWORD" });
  const token = async () => {
    ({ access, refresh } = await post("token/refresh", { refresh }));
    return access;
  };
  const ticket = async () => (await post("ticket", {}, access)).ticket;
  const credential = how === "ticket" ? { ticket } : { token };
  const client = new Client({ url: "ws://SERVER/ws/", store: new IndexedDbStore(), ...credential });
  client.on("status", (status) => (document.getElementById("status").textContent = status));
  client.onEvent("chat.message_sent", ({ data }) => {
    const line = document.createElement("li");
    line.textContent = data.message.content;
    document.getElementById("messages").append(line);
  });
  client.connect();
  const { conversation } = await client.command("chat.create", null, { participants: ["bob"], title: how });
  client.subscribe(conversation.topic, {
    onEvent: () => {},
    onReset: () => {},
    onLive: () => client.command("chat.send", conversation.topic, { content: `by ${how}` }, { queue: true }),
  });
</script>
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page, whose server is none of hubbub's."""
    assert (DIST / "index.js").exists(), "build the client first: npm run build -w clients/typescript"
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "hubbub").symlink_to(DIST)
    pages = ThreadingHTTPServer((HOST, 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    origin = f"http://{HOST}:{pages.server_port}"
    with live_servers(tmp_path_factory.mktemp("server")) as start:
        server = start(env={"HUBBUB_ALLOWED_ORIGINS": origin})
        server.manage("shell", "-c", MAKE_USERS)
        text = PAGE.replace("SERVER", f"{HOST}:{server.port}").replace("PASSWORD", PASSWORD)
        (folder / "index.html").write_text(text)
        yield origin
    pages.shutdown()


@pytest.mark.parametrize("how", ["token", "ticket"])
def test_a_page_of_another_origin_talks_to_the_server(elsewhere: str, browser: Browser, how: str) -> None:
    """ORG-1, AUT-1, AUT-5: a listed origin, no cookie, the built files as they stand."""
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{elsewhere}/#{how}")
    expect(page.locator("li")).to_have_text([f"by {how}"])
    expect(page.locator("#status")).to_have_text("online")
    assert not errors
    page.close()
