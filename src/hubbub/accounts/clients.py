"""What a request tells of its client: where it comes from and what it calls itself."""

from ipaddress import ip_network
from typing import Any

from rest_framework.settings import api_settings

from hubbub.engine.network import network_of


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
        if network_of(claimed):
            return str(claimed)
    return peer if network_of(peer) else ""


def user_agent(request: Any) -> str:
    """What the client calls itself, as one printable line."""
    return "".join(filter(str.isprintable, request.META.get("HTTP_USER_AGENT", "")))[:200]


_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """What a client calls itself, in words: ``Firefox on Linux``. Empty where it said nothing."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return agent.partition("/")[0][:40]


def vague_address(address: str) -> str:
    """As much of an address as it takes to know one's own network again: ``192.0.2.x``, ``2001:db8:1::``."""
    network = network_of(address)  # An IPv4 address whole, of IPv6 the first four groups.
    if ":" in network:
        return str(ip_network((f"{network}::", 48), strict=False).network_address)
    return f"{network.rpartition('.')[0]}.x" if network else ""
