"""System checks of what a project does to take hubbub in: each step that is missing is said in words."""

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
                hint="Set it to the path of the application in your asgi.py: 'mysite.asgi.application'.",
                id="hubbub.W010",
            )
        ]
    try:
        import_string(path)
    except ImportError as error:
        return [
            Warning(
                f"ASGI_APPLICATION is {path!r}, which cannot be imported: {error}",
                hint="Set it to the path of the application in your asgi.py: 'mysite.asgi.application'.",
                id="hubbub.W011",
            )
        ]
    except Exception:
        return []  # What is wrong with the settings that it reads, other checks say.
    if HubbubApplication.instances:
        return []
    return [Warning(f"{path} does not serve hubbub's sockets.", hint=ASGI_STEPS, id="hubbub.W012")]


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


def _has_urls(config: Any) -> bool:
    """Whether an app is a part of hubbub that people reach by URLs; their ``app_name`` is its label."""
    return bool((is_ours(config) or config.name == "hubbub.web") and module_has_submodule(config.module, "urls"))
