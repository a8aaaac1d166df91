"""What the connection can be."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.stage import Stage
from tests.browser.states.registry import has_heading, state


@state
def offline(stage: Stage) -> Person:
    proxy = stage.proxy()
    ada = stage.at(stage.path(), proxy=proxy)
    proxy.cut()
    ada.write("It holds at 2.6 bar.", "And the curve is flat.")
    expect(ada.bar).to_contain_text("Offline. 2 messages wait.")
    expect(ada.log.locator(".outgoing-note")).to_have_text(["Waits for the connection"] * 2)
    return ada


@state
def nothing_kept(stage: Stage) -> Person:
    """The browser has no storage for what waits."""
    proxy = stage.proxy()
    ada = stage.enter(proxy=proxy)
    ada.context.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    ada.visit(stage.path())
    ada.settled()
    proxy.cut()
    ada.write("It holds at 2.6 bar.")
    expect(ada.bar).to_contain_text("Offline. 1 message waits. A reload would lose what waits.")
    return ada


def _cut_off(stage: Stage, code: int, says: str) -> Person:
    """The server closes the socket, and answers no other."""
    ada = stage.enter()
    sockets: list[Any] = []

    def pass_on(socket: Any) -> None:
        sockets.append(socket)
        if len(sockets) == 1:
            socket.connect_to_server()

    ada.page.route_web_socket("**/ws/", pass_on)
    ada.visit(stage.path())
    ada.settled()
    sockets[0].close(code=code)
    expect(ada.bar).to_contain_text(says)
    return ada


@state
def reconnecting(stage: Stage) -> Person:
    return _cut_off(stage, 1001, "Reconnecting.")


@state
def restarting(stage: Stage) -> Person:
    return _cut_off(stage, 1012, "The server is restarting.")


@state
def not_allowed(stage: Stage) -> Person:
    """CLO-1 on the page: 4003 is final, until one asks again."""
    ada = stage.enter()
    ada.page.route_web_socket("**/ws/", lambda socket: socket.close(code=4003, reason="not allowed"))
    ada.visit("/")
    expect(ada.bar).to_contain_text("You may not connect here.")
    expect(ada.bar.get_by_role("button", name="Try again")).to_be_visible()
    return ada


@state
def signed_out(stage: Stage) -> Person:
    """AUT-4 on the page."""
    ada = stage.at("/rooms")
    has_heading(ada.page, "Rooms")
    user = f"get_user_model().objects.get(username={stage.viewer!r})"
    code = f"from django.contrib.auth import get_user_model; user = {user}; user.set_password('{stage.viewer}-2')"
    stage.server.manage("shell", "-c", f"{code}; user.save()")
    expect(ada.page.get_by_text("You were signed out. Sign in to go on.")).to_be_visible()
    return ada
