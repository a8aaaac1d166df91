"""What a request tells of its client: where it comes from and what it calls itself."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from rest_framework.settings import api_settings


def client_address(request: Any) -> str:
    """The client's address, empty where it is unknown.

    ``X-Forwarded-For`` is read only where ``REST_FRAMEWORK["NUM_PROXIES"]`` says how many proxies are ours,
    and only the entry that the outermost of them wrote.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    proxies: int = api_settings.NUM_PROXIES or 0
    forwarded = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if proxies > 0 and forwarded != [""]:
        claimed = forwarded[-min(proxies, len(forwarded))]
        if _parse(claimed) is not None:
            return str(claimed)
    return peer if _parse(peer) is not None else ""


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has to himself."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return parsed.exploded[:19]
    return "" if parsed is None else str(parsed)


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


def user_agent(request: Any) -> str:
    """What the client calls itself, as one printable line."""
    return "".join(filter(str.isprintable, request.META.get("HTTP_USER_AGENT", "")))[:200]
