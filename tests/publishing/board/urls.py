"""What a project has beside hubbub's URLs."""

import os
import signal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from hubbub.django import runtime
from tests.publishing.board.telling import atell, tell


@csrf_exempt
def tell_view(request: HttpRequest, title: str) -> HttpResponse:
    tell(title)
    return HttpResponse(status=204)


@csrf_exempt
async def async_view(request: HttpRequest, title: str) -> HttpResponse:
    await atell(title)
    return HttpResponse(status=204)


@csrf_exempt
def die(request: HttpRequest, title: str) -> HttpResponse:
    """The process dies between the commit and telling of it."""
    die_when_committed()
    tell(title)
    return HttpResponse(status=204)


def die_when_committed() -> None:
    def committed(*args: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    runtime.committed = committed  # type: ignore[assignment]


urlpatterns = [
    path("tell/<str:title>/", tell_view),
    path("atell/<str:title>/", async_view),
    path("die/<str:title>/", die),
    path("", include("hubbub.django.urls")),
]
