"""Handshakes that fail: a browser learns nothing but a status, the log says what to set."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.formats.client import connect, refused
from tests.services import LiveServer, live_servers
from tests.troubleshooting.conftest import PRODUCTION
from tests.troubleshooting.page import said_when


async def refuse(server: LiveServer, name: str, path: str = "", **handshake: Any) -> None:
    """The handshake is answered 403, and the page's line is logged."""

    async def attempt() -> None:
        assert await refused(server, path, **handshake) == 403

    await said_when(server, name, attempt)


async def test_an_origin_that_is_not_listed(server: LiveServer) -> None:
    """ORG-1"""
    await refuse(server, "log-origin", origin="https://app.example")


async def test_a_proxy_that_ends_tls_and_is_not_named(production: LiveServer) -> None:
    """ORG-1: and the cure on the page is one."""
    headers = {"Host": "chat.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.5"}
    seen: dict[str, Any] = {"origin": "https://chat.example", "headers": headers}
    await refuse(production, "log-origin-scheme", **seen)
    with live_servers(production.data / "cured") as start:
        cured = start(env={**PRODUCTION, "HUBBUB_TRUSTED_PROXIES": "127.0.0.1", "HUBBUB_GUESTS": "true"})
        async with connect(cured, "", origin="https://chat.example", headers=headers) as socket:
            assert (await socket.frame())["type"] == "ready"


async def test_a_host_that_is_not_allowed(server: LiveServer) -> None:
    await refuse(server, "log-origin-host", origin="https://chat.example", host="chat.example")


async def test_another_machine_while_debug_is_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    """ORG-2: here by way of a proxy that is believed."""
    with live_servers(tmp_path_factory.mktemp("debug")) as start:
        server = start(env={"HUBBUB_TRUSTED_PROXIES": "127.0.0.1"})
        await refuse(server, "log-debug", headers={"X-Forwarded-For": "203.0.113.5"})


async def test_a_path_without_a_socket(server: LiveServer) -> None:
    await refuse(server, "log-no-socket", "nowhere/")


async def test_a_proxy_that_drops_upgrade(server: LiveServer) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:

        async def attempt() -> None:
            assert (await http.get("/ws/")).status_code == 404

        await said_when(server, "log-no-upgrade", attempt)
