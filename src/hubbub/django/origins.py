"""Which browsers may connect (rule ORG-1)."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from hubbub.django.conf import hubbub_settings
from hubbub.django.loopback import is_loopback
from hubbub.engine.logs import quiet_logger

logger = quiet_logger("hubbub.suspicious")

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


class _Handshake(HttpRequest):
    """A handshake as Django would see a request, so that it has the host and scheme that pages are served under."""

    def __init__(self, scope: dict[str, Any]) -> None:
        super().__init__()
        self._secure = scope.get("scheme") in ("wss", "https")
        for name, value in scope.get("headers", []):
            self.META[f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"] = value.decode("latin-1")

    def _get_scheme(self) -> str:
        return "https" if self._secure else "http"


def own_origins(scope: dict[str, Any]) -> set[Origin]:
    """The origins of pages that this server itself serves, where Django allows the host.

    As for a request: USE_X_FORWARDED_HOST and SECURE_PROXY_SSL_HEADER hold. ALLOWED_HOSTS = ["*"] says nothing
    about who we are: an attacker's page cannot set Host, so own is own.
    """
    handshake = _Handshake(scope)
    if "HTTP_HOST" not in handshake.META:
        return set()
    try:
        found = parse_origin(f"{handshake.scheme}://{handshake.get_host()}")
    except DisallowedHost:
        return set()
    return {found} if found else set()


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
    logger.warning("A browser on %r was refused. %s", text[:200], _advice(scope, origin))
    return False


def _advice(scope: dict[str, Any], origin: Origin | None) -> str:
    """What to set, if that page is one's own."""
    host = dict(scope.get("headers", [])).get(b"host", b"").decode("latin-1")
    own = own_origins(scope)
    if not own:
        return f"It asked for the host {host[:200]!r}: if that is this server, add it to ALLOWED_HOSTS."
    if origin is not None and any(origin[0] == "https" and known[:2] == ("http", origin[1]) for known in own):
        return (
            f"To this server it came by http, to {host[:200]!r}. If a proxy ends TLS before it, name the proxy in "
            "HUBBUB_TRUSTED_PROXIES and let it send X-Forwarded-Proto and the Host header as it got it."
        )
    return "If that page is yours, add its origin to HUBBUB['ALLOWED_ORIGINS'] (environment: HUBBUB_ALLOWED_ORIGINS)."
