"""System checks, each with an id and what to do about it."""

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import msgspec
from channels.layers import get_channel_layer
from django.apps import AppConfig, apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router
from django.db.models import Model

from hubbub.django.apps import FeatureConfig, HubbubConfig
from hubbub.django.conf import database_alias, hubbub_settings, rates
from hubbub.django.group_table import group_table
from hubbub.django.secret import is_weak

LEAST_TOKEN = 20
"""Characters of a token that stands in the settings."""
STOCK_LAYER = "channels.layers.InMemoryChannelLayer"


@register("hubbub")
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    try:
        ours = hubbub_settings()
        rates()
        group_table()
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        return [
            Error(
                f"The HUBBUB setting cannot be read: {error}",
                hint="Its keys, types and defaults stand in docs/reference/settings.md.",
                id="hubbub.E001",
            )
        ]
    return [
        *_check_origins(ours.allowed_origins),
        *_check_layer(ours.channel_layer),
        *_check_token(ours.metrics_token),
        *_check_tracing(ours.tracing),
    ]


def _check_origins(origins: list[str]) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or "*" in origin:
            problems.append(
                Error(
                    f"{origin!r} in HUBBUB['ALLOWED_ORIGINS'] is no origin.",
                    hint="Write scheme, host and port if it is not the scheme's own, without a path or wildcard: "
                    "'https://app.example.org'.",
                    id="hubbub.E002",
                )
            )
    return problems


def _check_layer(alias: str) -> list[CheckMessage]:
    if alias == "default" or alias in getattr(django_settings, "CHANNEL_LAYERS", {}):
        return []
    return [
        Error(
            f"HUBBUB['CHANNEL_LAYER'] is {alias!r}, and CHANNEL_LAYERS has no layer of that name.",
            hint="Name one that is there, or leave the key out for 'default'.",
            id="hubbub.E005",
        )
    ]


def _check_token(token: str) -> list[CheckMessage]:
    if not token or not is_weak(token, LEAST_TOKEN):
        return []
    return [
        Error(
            f"HUBBUB['METRICS_TOKEN'] has fewer than {LEAST_TOKEN} characters, or hardly varies: it can be guessed.",
            hint='Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
            id="hubbub.E008",
        )
    ]


def _check_tracing(wanted: bool) -> list[CheckMessage]:
    if not wanted or (find_spec("opentelemetry") and find_spec("opentelemetry.sdk")):
        return []
    return [
        Error(
            "HUBBUB['TRACING'] is on, and OpenTelemetry is not installed.",
            hint="Run: pip install 'hubbub[otel]'",
            id="hubbub.E009",
        )
    ]


@register("hubbub")
def check_databases(**kwargs: Any) -> list[CheckMessage]:
    alias = database_alias()
    ours = [model for config in apps.get_app_configs() if _is_ours(config) for model in config.get_models()]
    apart = {model for model in ours if {router.db_for_write(model), router.db_for_read(model)} != {alias}}
    apart |= {model for model in _referred_to(ours) if router.db_for_write(model) != alias}
    if apart:
        names = ", ".join(sorted(model._meta.label for model in apart))
        return [
            Error(
                f"hubbub's streams are in the database {alias!r}, and these are not, or are read elsewhere: {names}.",
                hint="A message and its event are one transaction. Let DATABASE_ROUTERS send hubbub's apps, and the "
                "users that they refer to, to one database, for reading too.",
                id="hubbub.E003",
            )
        ]
    return _check_sqlite(alias)


def _is_ours(config: AppConfig) -> bool:
    return isinstance(config, HubbubConfig | FeatureConfig)


def _referred_to(models: list[type[Model]]) -> set[type[Model]]:
    fields = [field for model in models for field in model._meta.fields]
    return {field.remote_field.model for field in fields if field.remote_field}


def _check_sqlite(alias: str) -> list[CheckMessage]:
    connection = connections[alias]
    if connection.vendor == "sqlite" and connection.settings_dict["ENGINE"] != "hubbub.django.sqlite":
        return [
            Warning(
                "Beside a busy chat, SQLite will answer other requests 'database is locked'.",
                hint="Set the database's ENGINE to 'hubbub.django.sqlite': the same database, with a fair queue "
                "for writers, WAL, and synchronous=FULL.",
                id="hubbub.W001",
            )
        ]
    return []


@register("hubbub")
def check_time_zones(**kwargs: Any) -> list[CheckMessage]:
    if django_settings.USE_TZ:
        return []
    return [
        Error(
            "hubbub needs times with a zone, and USE_TZ is False.",
            hint="Set USE_TZ = True. The times of a database that exists may need converting; Django's documentation "
            "on time zones says how.",
            id="hubbub.E004",
        )
    ]


@register("hubbub")
def check_redis(**kwargs: Any) -> list[CheckMessage]:
    """Whether hubbub's layers on Redis can be made: redis-py is there and their hosts can be read."""
    problems: list[CheckMessage] = []
    for alias, layer in getattr(django_settings, "CHANNEL_LAYERS", {}).items():
        if layer.get("BACKEND") != "hubbub.layers.redis.RedisLayer":
            continue
        try:
            get_channel_layer(alias)
        except (ImproperlyConfigured, TypeError) as error:
            problems.append(
                Error(
                    f"The channel layer {alias!r} cannot be made: {error}",
                    hint="It is REDIS_URL of the environment, or what CHANNEL_LAYERS says.",
                    id="hubbub.E006",
                )
            )
    return problems


@register("hubbub")
def check_processes(**kwargs: Any) -> list[CheckMessage]:
    try:
        return check_workers(hubbub_settings().workers)
    except (msgspec.ValidationError, TypeError):
        return []  # The first check says so.


def check_workers(count: int) -> list[CheckMessage]:
    """What so many processes that serve lack."""
    alias = hubbub_settings().channel_layer
    layer = getattr(django_settings, "CHANNEL_LAYERS", {}).get(alias, {}).get("BACKEND")
    if count <= 1 or layer not in (None, "hubbub.layers.memory.InMemoryLayer", STOCK_LAYER):
        return []
    return [
        Error(
            f"{count} workers are asked for, and the channel layer {alias!r} is in memory: each would have its own, "
            "so typing and whatever else is in no stream would reach only some people.",
            hint="Set REDIS_URL, or in a project of your own a layer of several processes in CHANNEL_LAYERS; "
            "or serve with one worker.",
            id="hubbub.E007",
        )
    ]


@register("hubbub")
def check_cors(**kwargs: Any) -> list[CheckMessage]:
    """Who may open sockets from another origin needs REST from there too, for a token or a ticket."""
    anybody = getattr(django_settings, "CORS_ALLOW_ALL_ORIGINS", False)
    if anybody or getattr(django_settings, "CORS_ALLOWED_ORIGIN_REGEXES", ()):
        return []
    allowed = set(getattr(django_settings, "CORS_ALLOWED_ORIGINS", ())) if apps.is_installed("corsheaders") else set()
    own = getattr(django_settings, "HUBBUB", {})
    missing = sorted(set(own.get("ALLOWED_ORIGINS", ()) if isinstance(own, dict) else ()) - allowed)
    if not missing:
        return []
    return [
        Warning(
            f"Pages on {', '.join(missing)} may open sockets, and browsers block their REST requests (CORS).",
            hint="If they use REST, install django-cors-headers and list them in CORS_ALLOWED_ORIGINS as well.",
            id="hubbub.W005",
        )
    ]


@register(Tags.security, deploy=True)
def check_stock_layer(**kwargs: Any) -> list[CheckMessage]:
    layers = getattr(django_settings, "CHANNEL_LAYERS", {})
    ours = getattr(django_settings, "HUBBUB", {})
    alias = ours.get("CHANNEL_LAYER", "default") if isinstance(ours, dict) else "default"
    if layers.get(alias, {}).get("BACKEND") != STOCK_LAYER:
        return []
    return [
        Warning(
            f"The channel layer {alias!r} is Channels' own in-memory one: what is sent to it stays in its process.",
            hint="Messages still reach other processes, by the database; typing, and what consumers of your own send "
            "to groups, do not. Use 'hubbub.layers.redis.RedisLayer' where several processes serve, and "
            "'hubbub.layers.memory.InMemoryLayer' where one does.",
            id="hubbub.W004",
        )
    ]


@register(Tags.security, deploy=True)
def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    if getattr(django_settings, "HUBBUB_SECRET_IS_LOCAL", False):
        return [
            Warning(
                "The secret key is the one generated in the data directory.",
                hint="Set SECRET_KEY in the environment, the same for all processes and machines.",
                id="hubbub.W002",
            )
        ]
    return []
