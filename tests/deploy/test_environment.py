"""`hubbub check --deploy` is content with the environment of `deploy/`, and says what is unsafe in any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY, environment, mentioned
from tests.services import LiveServer

PROJECT = """
from hubbub.django.settings import *
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
ALLOWED_HOSTS = []
MIDDLEWARE.remove("hubbub.accounts.middleware.LimitSignIns")
"""


def check(folder: Path, env: dict[str, str], settings: str = "") -> subprocess.CompletedProcess[str]:
    """The real command, in a process of its own."""
    if settings:
        (folder / "unsafe_settings.py").write_text(settings)
        env = env | {"DJANGO_SETTINGS_MODULE": "unsafe_settings", "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "hubbub", "check", "--deploy", "--fail-level", "WARNING"],
        env=LiveServer._clean_environment() | env | {"HUBBUB_DATA_DIR": str(folder / "data")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_documented_one_is_clean(tmp_path: Path) -> None:
    done = check(tmp_path, environment())
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "others",
    [
        {"DATABASE_URL": "", "REDIS_URL": "", "HUBBUB_TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/24"},
        {
            "HUBBUB_METRICS_TOKEN": "k3f9-J2mX-8sQz-Lp0w-7vTn",
            "HUBBUB_ALLOWED_ORIGINS": "https://www.example.org,http://localhost:5173",
            "HUBBUB_WORKERS": "4",
        },
    ],
    ids=["alone", "more"],
)
def test_so_is_what_it_offers(tmp_path: Path, others: dict[str, str]) -> None:
    env = {name: value for name, value in environment(**others).items() if value}
    done = check(tmp_path, env)
    assert done.returncode == 0, done.stderr


KEY = "SECRET_KEY can be guessed"
"""What stops every command."""

# Whatever is said at this level ends the command with 1, so what doesn't touch each other is tried together.
UNSAFE: list[tuple[dict[str, str], str, list[str]]] = [
    ({"SECRET_KEY": ""}, "", ["Set SECRET_KEY in the environment"]),
    ({"SECRET_KEY": "change-me-" * 4}, "", [KEY]),
    ({"SECRET_KEY": "ab" * 40}, "", [KEY]),
    ({"SECRET_KEY": "django-insecure-" + "a1b2c3d4e5" * 5}, "", [KEY]),
    ({"DEBUG": "true", "SECRET_KEY": ""}, "", ["security.W018", "hubbub.W002"]),
    (
        {
            "ALLOWED_HOSTS": "",
            "HUBBUB_ALLOWED_ORIGINS": "http://app.example.org",
            "HUBBUB_WORKERS": "2",
            "REDIS_URL": "",
        },
        "",
        ["hubbub.W032", "hubbub.W033", "hubbub.E007"],
    ),
    (
        {"ALLOWED_HOSTS": "*", "HUBBUB_PUBLIC_URL": "", "HUBBUB_TRUSTED_PROXIES": "0.0.0.0/0"},
        "",
        ["hubbub.W031", "hubbub.W102", "hubbub.E031"],
    ),
    (
        {
            "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
            "HUBBUB_TRUSTED_PROXIES": "nginx",
            "HUBBUB_ALLOWED_ORIGINS": "https://*.example.org",
            "HUBBUB_PUBLIC_URL": "http://chat.example.org/",
            "REDIS_URL": "valkey-without-a-scheme",
            "HUBBUB_METRICS_TOKEN": "secret",
            "HUBBUB_DATABASE_CONNECTIONS": "2",
        },
        "",
        [
            *("hubbub.W032", "hubbub.E031", "hubbub.E002", "hubbub.W034"),
            *("hubbub.E006", "hubbub.E008", "hubbub.W022"),
        ],
    ),
    (
        {
            "HUBBUB_ALLOWED_ORIGINS": "null",
            "HUBBUB_METRICS_TOKEN": "0" * 40,
            "SECURE_SSL_REDIRECT": "false",
            "SECURE_HSTS_SECONDS": "0",
            "HUBBUB_DATABASE_CONNECTIONS": "0",
        },
        PROJECT,
        [
            *("hubbub.E002", "hubbub.E008", "hubbub.W023", "hubbub.W101"),
            *("security.W004", "security.W008", "security.W012", "security.W016", "security.W020"),
        ],
    ),
]


@pytest.mark.parametrize(("others", "settings", "said"), UNSAFE, ids=[" ".join(said) for _, _, said in UNSAFE])
def test_an_unsafe_one_is_refused(tmp_path: Path, others: dict[str, str], settings: str, said: list[str]) -> None:
    env = {name: value for name, value in environment(**others).items() if value}
    done = check(tmp_path, env, settings)
    assert done.returncode == 1, done.stdout
    assert [words for words in said if words not in done.stderr] == [], done.stderr
    assert "Traceback" not in done.stderr


def test_serve_refuses_as_well(tmp_path: Path) -> None:
    """Before it listens: a key that can be guessed, and a server for others with DEBUG on."""
    for env, args, said in (
        ({"DEBUG": "false", "SECRET_KEY": "secret"}, [], "SECRET_KEY can be guessed"),
        ({"DEBUG": "true"}, ["--host", "0.0.0.0"], "DEBUG is on, so hubbub serves on loopback only"),
    ):
        done = LiveServer(tmp_path, env=env).manage("serve", *args, check=False)
        assert done.returncode != 0
        assert said in done.stderr


def test_every_variable_is_documented() -> None:
    page = (DEPLOY.parent / "docs/reference/settings.md").read_text().split("## `HUBBUB`")[0]
    assert {name for name in mentioned() if f"`{name}`" not in page} == set()
