"""What the installed features bring to the URLs."""

from django.apps import AppConfig, apps
from django.urls import URLPattern, URLResolver, include, path
from django.utils.module_loading import module_has_submodule


def is_ours(app: AppConfig) -> bool:
    """Whether an installed app is one of hubbub's own features: where a project's go is the project's to say."""
    return bool(getattr(app, "hubbub_feature", False)) and app.name.startswith("hubbub.")


def feature_urls() -> list[URLPattern | URLResolver]:
    """``<feature>.urls`` of every installed feature of hubbub, below ``api/``."""
    return [
        path("api/", include(f"{app.name}.urls"))
        for app in apps.get_app_configs()
        if is_ours(app) and module_has_submodule(app.module, "urls")
    ]
