from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path

urlpatterns = [
    path("up", lambda request: HttpResponse("up")),
    path("own/", lambda request: render(request, "own.html")),
    path(settings.AT, include("hubbub.urls")),  # type: ignore[misc]
]
