"""The key that pushes are signed with, and what the checks say of the settings."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from hubbub.notifications.push import vapid
from hubbub.notifications.push.checks import check_loopback, check_push


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    keys = {"VAPID_PRIVATE_KEY": vapid.new_key(), "VAPID_SUBJECT": "mailto:admin@example.org"}
    settings.HUBBUB = {**settings.HUBBUB, **keys, "PUSH_LOOPBACK": True}


def test_the_key_is_kept_and_never_replaced_by_itself(tmp_path: Any, settings: Any, capsys: Any) -> None:
    settings.HUBBUB = {}
    settings.HUBBUB_VAPID_FILE = tmp_path / "vapid_private_key"
    call_command("vapid")
    key = settings.HUBBUB_VAPID_FILE.read_text()
    assert vapid.public_key(key) in capsys.readouterr().out
    assert settings.HUBBUB_VAPID_FILE.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="--force"):
        call_command("vapid")
    assert settings.HUBBUB_VAPID_FILE.read_text() == key
    settings.HUBBUB = {"VAPID_PRIVATE_KEY": key}
    with pytest.raises(CommandError, match="--force"):
        call_command("vapid", "--print")
    call_command("vapid", "--force")
    assert settings.HUBBUB_VAPID_FILE.read_text() != key
    assert [each.name for each in tmp_path.iterdir()] == ["vapid_private_key"]


def test_the_settings_are_printed(settings: Any, capsys: Any) -> None:
    settings.HUBBUB = {}
    call_command("vapid", "--print", "--subject", "mailto:ops@example.org")
    lines = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines()[:2])
    assert vapid.public_key(lines["HUBBUB_VAPID_PRIVATE_KEY"])
    assert lines["HUBBUB_VAPID_SUBJECT"] == "mailto:ops@example.org"
    del settings.HUBBUB_VAPID_FILE
    call_command("vapid")
    assert '"VAPID_PRIVATE_KEY": "' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"VAPID_PRIVATE_KEY": ""}, []),
        ({"VAPID_PRIVATE_KEY": "short"}, ["hubbub.E121"]),
        ({"VAPID_PRIVATE_KEY": "ö" * 43}, ["hubbub.E121"]),
        ({"VAPID_SUBJECT": ""}, ["hubbub.E123"]),
        ({"VAPID_SUBJECT": "mailto:"}, ["hubbub.E123"]),
        ({"VAPID_SUBJECT": "https://example.org"}, []),
    ],
)
def test_checks(settings: Any, change: dict[str, str], expected: list[str]) -> None:
    settings.HUBBUB = {**settings.HUBBUB, **change}
    assert [each.id for each in check_push()] == expected


def test_more_checks(settings: Any) -> None:
    settings.DEBUG = False
    assert [each.id for each in check_loopback()] == ["hubbub.W121"]
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    assert [each.id for each in check_push()] == ["hubbub.W122"]
