import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from hubbub.django.headers import add_headers
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
