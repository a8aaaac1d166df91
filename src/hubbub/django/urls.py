"""The server's own URLs. Features say theirs in ``urls.py`` under ``api/``; a project includes what it wants."""

from django.apps import apps
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.utils.module_loading import module_has_submodule

from hubbub.django import views


def feature_urls() -> list[URLPattern | URLResolver]:
    """``<feature>.urls`` of every installed app that registers itself as a feature, below ``api/``."""
    return [
        path("api/", include(f"{app.name}.urls"))
        for app in apps.get_app_configs()
        if getattr(app, "hubbub_feature", False) and module_has_submodule(app.module, "urls")
    ]


urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    *feature_urls(),
    # The browser UI has URLs of its own.
    re_path(r"^(?!api/|static/|ws/|admin/)", include("hubbub.web.urls")),
]
