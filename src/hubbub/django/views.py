"""The server's own views: what a load balancer asks, and the answers where there is no view."""

from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.decorators.http import require_safe

from hubbub.django.conf import database_alias
from hubbub.protocol.errors import Absent, HubbubError, Internal


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The process can serve: its database answers. 503 where it does not."""
    try:
        with connections[database_alias()].cursor() as cursor:
            cursor.execute("SELECT 1 FROM hubbub_stream LIMIT 1")
    except Exception as error:
        return JsonResponse({"status": "unready", "reason": f"database: {type(error).__name__}"}, status=503)
    return JsonResponse({"status": "ready"})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Below ``api/`` the error that any other is over REST; Django's page elsewhere."""
    return _answer(Absent()) if _over_rest(request) else defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    return _answer(Internal()) if _over_rest(request) else defaults.server_error(request)


def _over_rest(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _answer(error: HubbubError) -> HttpResponse:
    return JsonResponse(error.body(), status=error.status)
