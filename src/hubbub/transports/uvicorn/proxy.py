"""Who the client is, behind a reverse proxy.

uvicorn can only trust a proxy on a unix socket by trusting everybody (``*``), and then it
takes the leftmost address of ``X-Forwarded-For``, which the client wrote itself. Here a
proxy is named, by address, network or ``unix``, and the rightmost address that isn't a
named proxy's is the client.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uvicorn._types import (
        ASGI3Application,
        ASGIReceiveCallable,
        ASGISendCallable,
        Scope,
        WWWScope,
    )

UNIX: Final = "unix"
"""Stands for a peer on a unix socket, which has no address."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TrustedProxies:
    """ASGI middleware: take client and scheme from the headers of named proxies.

    Args:
        app: the application.
        trusted: addresses, networks (``10.0.0.0/8``) and :data:`UNIX`.

    Raises:
        ValueError: an entry is none of these, or a network that holds every address.
    """

    def __init__(self, app: ASGI3Application, trusted: Iterable[str]) -> None:
        self._app = app
        entries = list(trusted)
        self._unix = UNIX in entries
        self._networks = networks_of(entries)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Correct the scope, then run the application."""
        if scope["type"] != "lifespan":
            peer = scope.get("client")
            if self._unix if peer is None else self._trusts(_parse(peer[0])):
                self._correct(scope)
        await self._app(scope, receive, send)

    def _trusts(self, address: _Address | None) -> bool:
        return address is not None and any(address in net for net in self._networks)

    def _correct(self, scope: WWWScope) -> None:
        forwarded: list[str] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                forwarded += value.decode("latin-1").split(",")
            elif name == b"x-forwarded-proto":
                secure = {b"https": True, b"wss": True, b"http": False, b"ws": False}.get(value.strip().lower())
                if secure is not None:
                    web_socket = scope["type"] == "websocket"
                    scope["scheme"] = ("ws" if web_socket else "http") + "s" * secure
        client: _Address | None = None
        for entry in reversed(forwarded):
            address = _parse(entry.strip())
            if address is None:
                break  # not an address: nothing to the left of it can be believed
            client = address
            if not self._trusts(address):
                break
        if client is not None:
            scope["client"] = (str(client), 0)


def networks_of(trusted: Iterable[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Read the entries other than :data:`UNIX`.

    Raises:
        ValueError: one is neither an address nor a network, or holds every address.
    """
    networks = [ipaddress.ip_network(entry) for entry in trusted if entry != UNIX]
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError("a trusted proxy must be named; everybody can't be trusted")
    return networks


def _parse(text: str) -> _Address | None:
    """An address from ``1.2.3.4``, ``1.2.3.4:5``, ``::1`` or ``[::1]:5``."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
