"""Where may be pushed to (rule PSH-2): browsers say it, so anybody may name any address, also one of the house."""

import socket
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from hubbub.django.conf import hubbub_settings
from hubbub.protocol.errors import BadData

MOST_CHARACTERS = 1000
LOOKUP_SECONDS = 5.0
"""What looking a name up may take: whoever names it may have the server that answers."""
_NAT64 = IPv6Network("64:ff9b::/96")


class BadEndpoint(BadData):
    """This is no address of a push service."""


@dataclass(frozen=True)
class Place:
    """A push service's machine: its name, and an address that was looked at."""

    host: str
    port: int
    address: str
    tls: bool
    path: str
    """With the query, as it stands in a request."""


def place_of(endpoint: str) -> Place:
    """Where a push goes, looked up now. Blocks for 5 s at most.

    Raises BadEndpoint, and OSError where the name can't be looked up, TimeoutError where that takes too long.

    Only https, at its own port, and no address but public ones; with ``PUSH_LOOPBACK`` this machine's too.
    """
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        raise BadEndpoint from None
    host = parts.hostname or ""
    plain = len(endpoint) <= MOST_CHARACTERS and endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
    if not plain or not host or parts.username is not None or parts.fragment:
        raise BadEndpoint
    local = hubbub_settings().push_loopback
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise BadEndpoint("A push service is reached by https.")
    port = port or (443 if parts.scheme == "https" else 80)
    address = _public(host, port, local)
    if port != 443 and not (local and ip_address(address).is_loopback):
        raise BadEndpoint("A push service is reached at the port of https.")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Place(host, port, address, parts.scheme == "https", path)


def _public(host: str, port: int, local: bool) -> str:
    """An address of a host whose addresses are all public. Raises BadEndpoint, OSError."""
    try:
        found = _looked_up(host, port)
    except UnicodeError:
        raise BadEndpoint from None
    addresses = [str(each[4][0]).partition("%")[0] for each in found]
    # One private among public ones is enough: it could be the one that is taken later.
    ours = local and all(ip_address(each).is_loopback for each in addresses)
    if not addresses or not (ours or all(map(is_public, addresses))):
        raise BadEndpoint("A push service has a public address.")
    return addresses[0]


def _looked_up(host: str, port: int) -> list[Any]:
    """``getaddrinfo``, waited for no longer than LOOKUP_SECONDS. Raises OSError, UnicodeError."""
    found: Future[list[Any]] = Future()

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            found.set_exception(error)

    Thread(target=look_up, name="hubbub-push-lookup", daemon=True).start()
    return found.result(LOOKUP_SECONDS)


def is_public(text: str) -> bool:
    """Whether an address is of the internet at large, also where it has another one inside."""
    address = ip_address(text)
    if isinstance(address, IPv6Address) and (inner := _inner(address)) is not None:
        address = inner
    return address.is_global and not address.is_multicast


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
