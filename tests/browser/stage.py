"""Where a state of the page is reached: one server, a viewer with the same conversations each time, and the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubbub.testing import Proxy
from tests.browser.person import Person
from tests.browser.world import NOW, TALKS
from tests.services import LiveServer, live_servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Fonts of the same measures, one of which nearly every system has: lines break in the same places.
SAME_FONT = """
(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { font-family: 'Liberation Sans', Arimo, Arial, Helvetica, sans-serif !important }");
  const use = (root) => Object.defineProperty(root, "pictureSheet", { value: root.adoptedStyleSheets.push(sheet) });
  use(document);
  window.useSameFont = () => {
    const root = document.querySelector("hubbub-chat")?.shadowRoot;
    if (root && !root.pictureSheet) use(root);
  };
})();
"""

ASKED = "alerts-question"
"""The viewer whom the page still has to ask whether it may show alerts."""


class World:
    """A server with viewers, one for each state, so that no state shows what another has left."""

    def __init__(self, server: LiveServer, viewers: Sequence[str], alone: Sequence[str], titles: Sequence[str]) -> None:
        self.server = server
        code = f"from tests.browser.world import make; make({list(viewers)}, {list(alone)}, {list(titles)})"
        # Many people who say much: on a machine that does something else besides it takes its time.
        made = json.loads(server.manage("shell", "-c", code, timeout=180.0).stdout.split("made ")[1])
        self._cookies: dict[str, str] = made["cookies"]
        self._paths: dict[str, dict[str, str]] = made["paths"]
        self._ids: dict[str, int] = made["ids"]

    def path(self, viewer: str, title: str) -> str:
        return self._paths[viewer][title]

    def cookies(self, name: str, invisible: bool) -> Any:
        if name not in self._cookies:
            return None
        # A cookie knows no ports, so a proxy's page has it too.
        place = {"domain": "127.0.0.1", "path": "/", "expires": -1, "secure": False, "sameSite": "Lax"}
        cookies = [{"name": "sessionid", "value": self._cookies[name], "httpOnly": True} | place]
        if name != ASKED:
            cookies.append({"name": "hubbub_alerts", "value": "later", "httpOnly": False} | place)
        if invisible:
            cookies.append({"name": "hubbub_invisible", "value": str(self._ids[name]), "httpOnly": False} | place)
        return {"cookies": cookies}


@contextmanager
def worlds(
    folder: Path, viewers: Sequence[str], alone: Sequence[str] = (), titles: Sequence[str] = tuple(TALKS)
) -> Iterator[World]:
    """A world on a server of its own, which bears with few messages at once.

    ``alone`` are viewers without conversations; the others have those of these titles.
    """
    with live_servers(folder) as start:
        settings = {"DJANGO_SETTINGS_MODULE": "tests.browser.embedding", "HUBBUB_LIMITS": "messages=6/60s"}
        yield World(start(env=settings), viewers, alone, titles)


class Stage:
    """One state's part of the world: its viewer, and whoever else is needed."""

    def __init__(self, world: World, browser: Browser, viewer: str) -> None:
        self.server = world.server
        self.viewer = viewer
        self._world = world
        self._browser = browser
        self._people: list[Person] = []
        self.proxies: list[Proxy] = []

    def enter(
        self, name: str = "", proxy: Proxy | None = None, *, visible: bool | None = None, **options: Any
    ) -> Person:
        """The viewer, or who is named, in a browser of her own; through a proxy if one is given.

        Others than the viewer appear offline unless they are to be ``visible``: who was last seen when would be
        another thing in each run.
        """
        name = name or self.viewer
        invisible = name != self.viewer if visible is None else not visible
        looks: dict[str, Any] = {"viewport": {"width": 1280, "height": 760}, "timezone_id": "UTC", "locale": "en-GB"}
        context = self._browser.new_context(storage_state=self._world.cookies(name, invisible), **looks | options)
        context.clock.set_fixed_time(NOW)
        context.add_init_script(SAME_FONT)
        self._people.append(Person(name, context, proxy.url if proxy else self.server.url))
        return self._people[-1]

    def guest(self) -> Person:
        return self.enter("nobody")

    def at(self, path: str, **options: Any) -> Person:
        """The viewer at a path, and all there: what is shown has been read, as the list has heard."""
        from playwright.sync_api import expect

        viewer = self.enter(**options)
        viewer.visit(path)
        viewer.settled()
        expect(viewer.page.locator(".list-row[aria-current] .list-unread")).to_have_count(0)
        return viewer

    def path(self, title: str = "Plant") -> str:
        """Of the viewer's conversation."""
        return self._world.path(self.viewer, title)

    def proxy(self) -> Proxy:
        self.proxies.append(Proxy(self.server.port))
        return self.proxies[-1]

    def leave(self) -> None:
        """End it; nothing may have gone wrong in any browser."""
        for proxy in self.proxies:
            proxy.cut()
        for person in self._people:
            person.close()
