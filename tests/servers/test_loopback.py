"""With DEBUG on, the server's own application serves this machine only (rule ORG-2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hubbub.django.application import hubbub_application
from hubbub.django.loopback import ADVICE
from tests.services import LiveServer, live_servers

LOCAL = ("127.0.0.1", 5000)
OURS = ("127.0.0.1", 8000)
ELSEWHERE = {"X-Forwarded-For": "203.0.113.5"}


async def django(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "served"})


async def told(type: str, **scope: Any) -> list[dict[str, Any]]:
    """What the application answers to a connection of these addresses."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": f"{type}.connect"}

    whole = {"type": type, "path": "/else/", "headers": [], **scope}
    await hubbub_application(django, websocket=django)(whole, receive, send)
    return sent


@pytest.mark.parametrize(
    ("client", "server", "served"),
    [
        (LOCAL, OURS, True),
        (("::1", 5000), ("::1", 8000), True),
        (("127.8.9.10", 5000), ("localhost", 8000), True),
        (("::ffff:127.0.0.1", 5000), ("::ffff:127.0.0.1", 8000), True),
        (None, None, True),  # In process: a test.
        (("192.0.2.7", 5000), ("192.0.2.1", 8000), False),
        (("192.0.2.7", 5000), OURS, False),  # By a proxy that is believed.
        (LOCAL, ("192.0.2.1", 8000), False),
        (("::ffff:192.0.2.7", 5000), ("::", 8000), False),
        (("2001:db8::7", 5000), ("2001:db8::1", 8000), False),
        (None, ("/run/hubbub.sock", None), False),  # Only a proxy is there, and nobody knows for whom.
        (("localhost.evil.example", 5000), OURS, False),
    ],
)
@pytest.mark.parametrize("type", ["http", "websocket"])
async def test_addresses(settings: Any, type: str, client: Any, server: Any, served: bool) -> None:
    """ORG-2"""
    settings.HUBBUB_LOOPBACK_ONLY = True
    found = await told(type, client=client, server=server)
    assert (found == [{"type": "served"}]) == served
    if not served and type == "http":
        assert found[0]["status"] == 403
        assert found[1]["body"].decode() == ADVICE
    elif not served:
        assert found == [{"type": "websocket.close", "code": 1000}]


@pytest.mark.parametrize("value", [False, None])
async def test_another_project_s_debug_is_its_own(settings: Any, value: bool | None) -> None:
    """ORG-2: the setting is the server's, not that of a project with hubbub in it."""
    settings.DEBUG = True
    settings.HUBBUB_LOOPBACK_ONLY = value
    if value is None:
        del settings.HUBBUB_LOOPBACK_ONLY
    assert await told("http", client=("192.0.2.7", 1), server=("192.0.2.1", 8000)) == [{"type": "served"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that believes a proxy here; with DEBUG on, since nothing says otherwise."""
    with live_servers(tmp_path_factory.mktemp("proxied")) as start:
        yield start(env={"HUBBUB_TRUSTED_PROXIES": "127.0.0.1"})


async def test_a_real_server(server: LiveServer) -> None:
    """ORG-2: a line in the log and a body that say what to set."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        assert (await http.get("/healthz")).status_code == 200
        refused = await http.get("/healthz", headers=ELSEWHERE)
    assert (refused.status_code, refused.text) == (403, ADVICE)
    async with connect(server.ws_url, proxy=None):
        pass
    with pytest.raises(InvalidStatus) as caught:
        async with connect(server.ws_url, proxy=None, additional_headers=ELSEWHERE):
            pass
    assert caught.value.response.status_code == 403
    # The second was within the second that has one line.
    assert len([line for line in server.log().splitlines() if ADVICE in line and "203.0.113.5" in line]) == 1
    for word in ("Traceback", "ERROR"):
        assert word not in server.log()
