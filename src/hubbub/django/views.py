"""The server's own views: what a load balancer asks."""

from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from hubbub.django.conf import database_alias


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
