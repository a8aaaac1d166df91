"""Which browsers may connect (rule ORG-1)."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.http.request import validate_host

from hubbub.django.conf import hubbub_settings
from hubbub.django.loopback import is_loopback
from hubbub.engine.logs import quiet_logger

logger = quiet_logger("hubbub.suspicious")

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DEFAULT_PORT = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


def parse_origin(text: str) -> Origin | None:
    """Scheme, host and port of an origin; None for ``null`` and anything else that is none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower().rstrip(".")
    if scheme not in _DEFAULT_PORT or not host or parts.path or parts.query or parts.username:
        return None
    return scheme, host, port or _DEFAULT_PORT[scheme]


def own_origins(scope: dict[str, Any]) -> set[Origin]:
    """The origins of pages that this server itself serves, as the Host header has it where Host is allowed."""
    host = dict(scope.get("headers", [])).get(b"host", b"").decode("latin-1")
    scheme = "https" if scope.get("scheme") in ("wss", "https") else "http"
    found = parse_origin(f"{scheme}://{host}")
    allowed = django_settings.ALLOWED_HOSTS or (list(_LOOPBACK) if django_settings.DEBUG else [])
    # ALLOWED_HOSTS = ["*"] says nothing about who we are: an attacker's page cannot set Host, so own is own.
    if found and validate_host(found[1], allowed):
        return {found}
    return set()


def origin_allowed(scope: dict[str, Any]) -> bool:
    """Whether the handshake's Origin may connect. A client without one is no browser and is let through."""
    headers = dict(scope.get("headers", []))
    if b"origin" not in headers:
        return True
    text = headers[b"origin"].decode("latin-1")
    origin = parse_origin(text)
    if origin is not None:
        if origin in own_origins(scope) or origin in {parse_origin(o) for o in hubbub_settings().allowed_origins}:
            return True
        if django_settings.DEBUG and is_loopback(origin[1]):
            return True
    logger.warning(
        "A browser on %r was refused. If that page is yours, add its origin to HUBBUB['ALLOWED_ORIGINS'] "
        "(environment: HUBBUB_ALLOWED_ORIGINS).",
        text[:200],
    )
    return False
