"""People in browsers, talking over one server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from hubbub.testing import Proxy
from tests.browser.person import Person
from tests.services import LiveServer, live_servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("ada", "bob")
PASSWORD = "a-long-enough-passphrase"
MAKE_USERS = f"""
from django.contrib.auth import get_user_model
for name in {NAMES!r}:
    get_user_model().objects.create_user(name, password={PASSWORD!r})
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(__file__.rpartition("/")[0]):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("browser")) as start:
        server = start()
        server.manage("shell", "-c", MAKE_USERS)
        yield server


@pytest.fixture(scope="module")
def cookies(server: LiveServer, browser: Browser) -> dict[str, Any]:
    """Who has signed in once is signed in for the module: signing in is limited, rightly."""
    states: dict[str, Any] = {}
    for name in NAMES:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{server.url}/sign-in")
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation", name="Conversations").wait_for()
        # The page doesn't ask whether it may show alerts, which would move it while somebody looks.
        context.add_cookies([{"name": "hubbub_alerts", "value": "later", "url": server.url}])
        states[name] = context.storage_state()
        context.close()
    return states


@pytest.fixture
def proxy(server: LiveServer) -> Iterator[Proxy]:
    proxy = Proxy(server.port)
    yield proxy
    proxy.cut()


class Enter(Protocol):
    def __call__(self, name: str, proxy: Proxy | None = None, **options: Any) -> Person: ...


@pytest.fixture
def enter(server: LiveServer, browser: Browser, cookies: dict[str, Any]) -> Iterator[Enter]:
    """``enter("ada")`` is Ada, signed in, in a browser of her own; through a proxy if one is given."""
    people: list[Person] = []

    def enter(name: str, proxy: Proxy | None = None, **options: Any) -> Person:
        # A cookie knows no ports, so a proxy's page has it too.
        context = browser.new_context(storage_state=cookies.get(name), **options)
        people.append(Person(name, context, proxy.url if proxy else server.url))
        return people[-1]

    yield enter
    for person in people:
        person.close()
