"""System checks of pushes."""

from importlib.util import find_spec
from typing import Any

import msgspec
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from hubbub.django.conf import HubbubSettings, hubbub_settings
from hubbub.django.later import can_wait


@register("hubbub")
def check_push(**kwargs: Any) -> list[CheckMessage]:
    try:
        ours = hubbub_settings()
    except (msgspec.ValidationError, TypeError, ValueError):
        return []  # hubbub.E001 says it.
    if not ours.vapid_private_key:
        return []
    if not find_spec("pywebpush"):
        return [
            Error(
                "HUBBUB['VAPID_PRIVATE_KEY'] is set, and pywebpush is not installed.",
                hint="Run: pip install 'hubbub[push]'",
                id="hubbub.E122",
            )
        ]
    return [*_check_key(ours), *_check_subject(ours), *_check_tasks()]


def _check_key(ours: HubbubSettings) -> list[CheckMessage]:
    from hubbub.notifications.push.vapid import public_key

    try:
        public_key(ours.vapid_private_key)
    except ValueError as error:
        return [
            Error(
                f"HUBBUB['VAPID_PRIVATE_KEY'] is no key: {error}.",
                hint="`hubbub vapid --print` makes one: 32 bytes in base64 for URLs.",
                id="hubbub.E121",
            )
        ]
    return []


def _check_subject(ours: HubbubSettings) -> list[CheckMessage]:
    scheme, _, rest = ours.vapid_subject.partition(":")
    if (scheme == "mailto" and "@" in rest.strip("@")) or (scheme == "https" and rest.strip("/")):
        return []
    return [
        Error(
            "Pushes are signed, and HUBBUB['VAPID_SUBJECT'] doesn't say by whom: push services refuse them.",
            hint="Set it (environment: HUBBUB_VAPID_SUBJECT) to where you can be reached: 'mailto:admin@example.org', "
            "or an https address.",
            id="hubbub.E123",
        )
    ]


def _check_tasks() -> list[CheckMessage]:
    if can_wait():
        return []
    return [
        Warning(
            "There are keys for pushes, and no queue of tasks that can wait: nothing is pushed.",
            hint="Add 'django_tasks' and 'django_tasks_db' to INSTALLED_APPS (Django 6: only the second), and set "
            "TASKS = {'default': {'BACKEND': 'django_tasks_db.DatabaseBackend'}}.",
            id="hubbub.W122",
        )
    ]


@register(Tags.security, deploy=True)
def check_loopback(**kwargs: Any) -> list[CheckMessage]:
    try:
        if settings.DEBUG or not hubbub_settings().push_loopback:
            return []
    except (msgspec.ValidationError, TypeError, ValueError):
        return []
    return [
        Warning(
            "HUBBUB['PUSH_LOOPBACK'] is on: whoever signs in can have this machine's own ports called.",
            hint="It is for tests. Leave it out (environment: HUBBUB_PUSH_LOOPBACK).",
            id="hubbub.W121",
        )
    ]
