"""A project that has hubbub at ``talk/``."""

from django.urls import include, path

from hubbub.django import views
from hubbub.django.features import feature_urls

urlpatterns = [
    path("readyz", views.readyz),
    path("talk/", include([*feature_urls(), path("", include("hubbub.web.urls"))])),
]
