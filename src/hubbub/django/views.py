"""The server's own views: what a load balancer asks, and the answers where there is no view."""

from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views import defaults
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hubbub.django import runtime
from hubbub.django.auth import actor_of_page
from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.metrics import CONTENT_TYPE
from hubbub.django.tallies import exposition, together_in_thread
from hubbub.protocol.errors import Absent, Busy, Forbidden, HubbubError, Internal


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The process can serve: its database answers. 503 where it does not, and once the process is about to stop."""
    running = runtime.current()
    if running is not None and running.engine.draining:
        return JsonResponse({"status": "unready", "reason": "stopping"}, status=503)
    try:
        with connections[database_alias()].cursor() as cursor:
            cursor.execute("SELECT 1 FROM hubbub_stream LIMIT 1")
    except Exception as error:
        return JsonResponse({"status": "unready", "reason": f"database: {type(error).__name__}"}, status=503)
    return JsonResponse({"status": "ready"})


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers of this service for Prometheus (rule OPS-1). 401 and 403 for who may not have them.

    503 where the supervisor doesn't answer: one worker's own would look as if all had begun anew.
    """
    try:
        _may_see_metrics(request)
    except HubbubError as error:
        refused = _answer(error)
        if error.status == 401:
            refused["WWW-Authenticate"] = "Bearer"
        return refused
    try:
        return HttpResponse(exposition(together_in_thread()), content_type=CONTENT_TYPE)
    except OSError:  # A TimeoutError is one.
        return _answer(Busy())


def _may_see_metrics(request: HttpRequest) -> None:
    """Who shows the token of the settings, and staff. Raises NotAuthenticated, Forbidden.

    Not who comes from this machine: behind a proxy that may be everybody.
    """
    shown, wanted = request.headers.get("Authorization", ""), hubbub_settings().metrics_token
    if wanted and constant_time_compare(shown, f"Bearer {wanted}"):
        return
    if not actor_of_page(request).is_staff:
        raise Forbidden


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Below ``api/`` the error that any other is over REST; Django's page elsewhere."""
    return _answer(Absent()) if _over_rest(request) else defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    return _answer(Internal()) if _over_rest(request) else defaults.server_error(request)


def _over_rest(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _answer(error: HubbubError) -> HttpResponse:
    return JsonResponse(error.body(), status=error.status)
