"""Signing in on Django's own pages, limited like signing in over REST (rule LIM-6)."""

from typing import Any

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from hubbub.accounts import limits
from hubbub.protocol.errors import RateLimited

_ATTEMPT = "_hubbub_attempt"


class LimitSignIns(MiddlewareMixin):
    """For the admin, and for login views of the project's own that are Django's.

    The last in MIDDLEWARE: what others refuse, for want of a CSRF token say, tried no password.
    """

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.method != "POST" or not _signs_in(request, view):
            return None
        try:
            attempt = limits.sign_in(request, request.POST.get("username", ""))
        except RateLimited as error:
            seconds = max(1, round(error.retry_after or 0))
            text = f"Too many attempts to sign in. Try again in {seconds} s.\n"
            headers = {"Retry-After": str(seconds)}
            return HttpResponse(text, "text/plain; charset=utf-8", status=429, headers=headers)
        setattr(request, _ATTEMPT, attempt)
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        attempt: limits.Attempt | None = getattr(request, _ATTEMPT, None)
        if attempt and response.status_code == 302:  # Whoever fails gets the form again.
            attempt.succeeded()
        return response


def _signs_in(request: HttpRequest, view: Any) -> bool:
    found = request.resolver_match
    if found and found.url_name == "login" and "admin" in found.app_names:
        return True
    view_class = getattr(view, "view_class", None)
    return isinstance(view_class, type) and issubclass(view_class, LoginView)
