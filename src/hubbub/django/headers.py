"""Headers that every page carries: a strict Content-Security-Policy among them."""

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

# ws: and wss: to the same host only; browsers do not all take 'self' to cover them.
_POLICY = (
    "default-src 'none'; script-src 'self'{files}; style-src 'self'{files}; img-src 'self'{files} data: blob:; "
    "font-src 'self'{files}; connect-src 'self' ws://{host} wss://{host}; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def add_headers(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response with the headers that it hasn't yet."""
    if "Content-Security-Policy" not in response:
        response["Content-Security-Policy"] = _POLICY.format(host=request.get_host(), files=_static_host())
    response.setdefault("Permissions-Policy", "camera=(self), microphone=(self), geolocation=()")
    return response


def _static_host() -> str:
    """The host of STATIC_URL, where it is another one."""
    where = urlsplit(django_settings.STATIC_URL or "")
    origin = f"{where.scheme}://{where.netloc}" if where.scheme else where.netloc
    return f" {origin}" if where.netloc else ""


@sync_and_async_middleware
def security_headers(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware that adds what Django's SecurityMiddleware does not."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponse:
            return add_headers(request, await get_response(request))

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponse:
        return add_headers(request, get_response(request))

    return synchronous
