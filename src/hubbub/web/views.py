from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from hubbub.web.page import page_config


@require_safe
@ensure_csrf_cookie
def index(request: HttpRequest, view: str) -> HttpResponse:
    """The browser UI; its script finds the view by the path."""
    return render(request, "hubbub/index.html", {"page": page_config()})
