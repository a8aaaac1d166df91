"""What a request tells of its client: where it comes from and what it calls itself."""

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
