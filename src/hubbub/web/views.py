from pathlib import Path

import msgspec
from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from hubbub.django.auth import actor_of_page
from hubbub.django.headers import add_headers
from hubbub.protocol.errors import NotAuthenticated
from hubbub.web.page import chosen_theme, page_config
from hubbub.web.start import read_start


@require_safe
@ensure_csrf_cookie
@cache_control(private=True, no_store=True)
def index(request: HttpRequest, view: str) -> HttpResponse:
    """The browser UI with its first text; the script finds the view by the path and goes on from there."""
    start = read_start(request, view)
    context = {
        "page": page_config(),
        "theme": chosen_theme(request),
        "start": start,
        "json": msgspec.to_builtins(start),
        "shown": start.shown,
        "at_list": view == "",
    }
    # A project may have no middleware for these, or one that leaves alone what is there.
    return add_headers(request, render(request, "hubbub/index.html", context))


@require_safe
@cache_control(private=True, no_store=True)
def inspector(request: HttpRequest) -> HttpResponse:
    """How the server does, live, for staff; to everybody else there is no such page (rule OPS-3)."""
    if not apps.is_installed("hubbub.inspector") or not _is_staff(request):
        raise Http404
    context = {"page": page_config(), "theme": chosen_theme(request)}
    return add_headers(request, render(request, "hubbub/inspector.html", context))


@require_safe
@cache_control(no_cache=True)
def push_worker(request: HttpRequest) -> HttpResponse:
    """The service worker that shows pushes (rule PSH-5). Not a static file: those may be served elsewhere."""
    file = Path(__file__).parent / "static" / "hubbub" / "push-worker.js"
    if not file.is_file():
        raise Http404
    response = HttpResponse(file.read_bytes(), content_type="text/javascript; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    return add_headers(request, response)


def _is_staff(request: HttpRequest) -> bool:
    try:
        return actor_of_page(request).is_staff
    except NotAuthenticated:
        return False
