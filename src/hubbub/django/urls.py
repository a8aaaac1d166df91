"""The server's own URLs; a project includes ``hubbub.urls`` in its own."""

from django.contrib import admin
from django.urls import include, path, re_path

from hubbub.django import views
from hubbub.django.features import feature_urls

handler404 = "hubbub.django.views.not_found"
handler500 = "hubbub.django.views.failed"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/", include("hubbub.django.openapi_urls")),
    *feature_urls(),
    # The browser UI has URLs of its own.
    re_path(r"^(?!api/|static/|ws/|admin/)", include("hubbub.web.urls")),
]
