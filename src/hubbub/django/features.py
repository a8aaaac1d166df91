"""What the installed features bring to the URLs."""

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path
from django.utils.module_loading import module_has_submodule


def feature_urls() -> list[URLPattern | URLResolver]:
    """``<feature>.urls`` of every installed app that registers itself as a feature, below ``api/``."""
    return [
        path("api/", include(f"{app.name}.urls"))
        for app in apps.get_app_configs()
        if getattr(app, "hubbub_feature", False) and module_has_submodule(app.module, "urls")
    ]
