"""System checks, each with an id and what to do about it."""

from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from hubbub.django.conf import hubbub_settings, rates


@register("hubbub")
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    try:
        ours = hubbub_settings()
        rates()
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        return [
            Error(
                f"The HUBBUB setting cannot be read: {error}",
                hint="Its keys, types and defaults stand in docs/reference/settings.md.",
                id="hubbub.E001",
            )
        ]
    return [*_check_origins(ours.allowed_origins), *_check_database(ours.database)]


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


def _check_database(alias: str) -> list[CheckMessage]:
    if alias not in connections:
        return [
            Error(
                f"HUBBUB['DATABASE'] is {alias!r}, which is not in DATABASES.",
                hint="Name one of the aliases in DATABASES.",
                id="hubbub.E003",
            )
        ]
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
def check_redis(**kwargs: Any) -> list[CheckMessage]:
    if getattr(django_settings, "HUBBUB_REDIS_URL", ""):
        return [
            Warning(
                "REDIS_URL is set, but this version has no Redis layer yet.",
                hint="Processes follow each other through the database; typing and the like stay in their process. "
                "Unset it to silence this.",
                id="hubbub.W003",
            )
        ]
    return []


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
