"""System checks of what a project does to take hubbub in: each step that is missing is said in words."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, Resolver404, get_resolver
from django.utils.module_loading import import_string, module_has_submodule

from hubbub.django.application import HubbubApplication
from hubbub.django.features import is_ours

ASGI_STEPS = (
    "In the project's asgi.py: `from hubbub.django.application import hubbub_application` and "
    "`application = hubbub_application(get_asgi_application())`."
)


@register("hubbub")
def check_asgi(**kwargs: Any) -> list[CheckMessage]:
    path = getattr(django_settings, "ASGI_APPLICATION", None)
    if not path:
        return [
            Warning(
                "ASGI_APPLICATION is not set: `runserver` and `serve` take hubbub's own application, and any other "
                "server whatever your asgi.py has, with sockets or not.",
                hint=_asgi_hint(),
                id="hubbub.W010",
            )
        ]
    try:
        import_string(path)
    except ImportError as error:
        return [
            Warning(
                f"ASGI_APPLICATION is {path!r}, which cannot be imported: {error}",
                hint=_asgi_hint(),
                id="hubbub.W011",
            )
        ]
    except Exception:
        return []  # What is wrong with the settings that it reads, other checks say.
    if HubbubApplication.instances:
        return []
    return [Warning(f"{path} does not serve hubbub's sockets.", hint=ASGI_STEPS, id="hubbub.W012")]


def _asgi_hint() -> str:
    """With the name that asgi.py has beside the project's urls.py."""
    urls = getattr(django_settings, "ROOT_URLCONF", None)
    package = urls.rpartition(".")[0] if isinstance(urls, str) else "mysite"
    path = ".".join(filter(None, [package, "asgi.application"]))
    return f"Set it to the path of the application in your asgi.py: {path!r}."


@register("hubbub")
def check_order(**kwargs: Any) -> list[CheckMessage]:
    """Of two apps with a ``runserver`` the first wins; Daphne's serves sockets too."""
    names = [config.name for config in apps.get_app_configs()]
    first = next((name for name in names if name in ("hubbub.django", "daphne", "django.contrib.staticfiles")), "")
    if first != "django.contrib.staticfiles":
        return []
    return [
        Warning(
            "`manage.py runserver` is Django's own, which serves no sockets.",
            hint="Put 'hubbub.django', or *hubbub.APPS, before 'django.contrib.staticfiles' in INSTALLED_APPS.",
            id="hubbub.W013",
        )
    ]


@register("hubbub")
def check_urls(**kwargs: Any) -> list[CheckMessage]:
    if not getattr(django_settings, "ROOT_URLCONF", None):
        return []
    try:
        included = set(get_resolver().app_dict)
    except (ImproperlyConfigured, ImportError, NoReverseMatch, Resolver404):
        return []  # Django's own checks say what is wrong with the URLs.
    missing = [config.name for config in apps.get_app_configs() if _has_urls(config) and config.label not in included]
    if not missing:
        return []
    return [
        Warning(
            f"The URLs of {', '.join(missing)} are included nowhere.",
            hint="In the project's urls.py: path('hubbub/', include('hubbub.urls')).",
            id="hubbub.W014",
        )
    ]


@register("hubbub")
def check_interface(**kwargs: Any) -> list[CheckMessage]:
    """The scripts are built, and are no part of the repository: an install from a bare clone has none."""
    if not apps.is_installed("hubbub.web"):
        return []
    folder = Path(apps.get_app_config("hubbub_web").path, "static", "hubbub")
    built = ("app.js", "app.css", "embed.js", "client.js", "inspector.js", "push-worker.js")
    missing = [name for name in built if not (folder / name).is_file()]
    if not missing:
        return []
    return [
        Warning(
            f"hubbub was installed without {', '.join(missing)}: its page and its element will stay empty.",
            hint="Run `make ui` in the clone of hubbub, and install it again from there.",
            id="hubbub.W015",
        )
    ]


@register("hubbub")
def check_features(**kwargs: Any) -> list[CheckMessage]:
    """`startapp` writes an AppConfig, which registers nothing with hubbub."""
    check_urls()  # Loads the URLs, and with them what the views import.
    return [
        Warning(
            f"{config.name}.{name} uses hubbub and is imported by nobody: what it registers does not exist.",
            hint=f"In {config.name}/apps.py: `from hubbub.django.apps import FeatureConfig`, and make "
            f"{type(config).__name__} a FeatureConfig instead of an AppConfig.",
            id="hubbub.W016",
        )
        for config in apps.get_app_configs()
        for name in ("messages", "handlers", "topics")
        if not getattr(config, "hubbub_feature", False) and _forgotten(f"{config.name}.{name}")
    ]


def _forgotten(module: str) -> bool:
    if module in sys.modules or (spec := find_spec(module)) is None or not (spec.origin or "").endswith(".py"):
        return False
    return "hubbub.protocol.registry" in Path(str(spec.origin)).read_text(encoding="utf-8", errors="replace")


def _has_urls(config: Any) -> bool:
    """Whether an app is a part of hubbub that people reach by URLs; their ``app_name`` is its label."""
    return bool((is_ours(config) or config.name == "hubbub.web") and module_has_submodule(config.module, "urls"))
