"""While DEBUG is on, the server serves this machine only, whatever it is started with (rule ORG-2)."""

from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from hubbub.engine.logs import quiet_logger

logger = quiet_logger("hubbub.suspicious")

ADVICE = "DEBUG is on, so hubbub serves this machine only. Set DEBUG=false, SECRET_KEY and ALLOWED_HOSTS."


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    # A socket that listens to both families has IPv4 as ::ffff:127.0.0.1.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def is_local(scope: dict[str, Any]) -> bool:
    """Whether a connection both came from and came to this machine, as far as the server says."""
    return all(is_loopback(end[0]) for end in (scope.get("client"), scope.get("server")) if end)


async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer 403, to a request with what to set; a handshake has no place for it that anybody would see."""
    logger.warning("%s from %r was refused. %s", scope["type"].capitalize(), (scope.get("client") or "?")[0], ADVICE)
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})  # Before accepting: HTTP 403.
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(ADVICE))]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": ADVICE.encode()})
