"""What ``manage.py check`` says of settings that are not right, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hubbub.django.project_checks import check_asgi
from tests.services import LiveServer
from tests.troubleshooting.page import pattern

SERVER = "from hubbub.django.settings import *\n"
STATIC_FIRST = """
INSTALLED_APPS.remove("django.contrib.staticfiles")
INSTALLED_APPS.insert(0, "django.contrib.staticfiles")
"""
ASGI = "from django.core.asgi import get_asgi_application\n\napplication = get_asgi_application()\n"


def manage(folder: Path, settings: str, *args: str, **env: str) -> str:
    """What a management command writes, in a project of these settings."""
    package = folder / "mysite"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    (package / "settings.py").write_text(SERVER + settings)
    (package / "asgi.py").write_text(ASGI)
    ours = {
        "DJANGO_SETTINGS_MODULE": "mysite.settings",
        "PYTHONPATH": str(folder),
        "HUBBUB_DATA_DIR": str(folder / "data"),
    }
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HUBBUB_", "DATABASE_", "REDIS_"))
    }
    command = [sys.executable, "-m", "django", *args]
    done = subprocess.run(command, cwd=folder, env={**kept, **ours, **env}, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ('HUBBUB["ALLOWED_ORIGINS"] = ["https://app.example"]\nCORS_ALLOWED_ORIGINS = []', "check-cors"),
        (STATIC_FIRST, "check-order"),
        ('ASGI_APPLICATION = "mysite.asgi.application"', "check-asgi"),
        ("del ASGI_APPLICATION", "check-no-asgi"),
        ('HUBBUB["CHANNEL_LAYER"] = "redis"', "check-layer-alias"),
        ('DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"', "check-sqlite"),
        ('CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}', "check-stock-layer"),
    ],
)
def test_checks(tmp_path: Path, settings: str, name: str) -> None:
    """The line appears with these settings, and not without them."""
    assert pattern(name).search(said := manage(tmp_path, settings, "check", "--deploy")), said
    assert not pattern(name).search(manage(tmp_path, "", "check", "--deploy"))


def test_redis_url(tmp_path: Path) -> None:
    assert pattern("check-redis").search(said := manage(tmp_path, "", "check", REDIS_URL="http://u:secret@127.0.0.1"))
    assert "begins with redis://" in said and "secret" not in said
    missing = "import importlib.util\nimportlib.util.find_spec = lambda name: None"
    said = manage(tmp_path, missing, "check", REDIS_URL="redis://127.0.0.1:6379")
    assert pattern("check-redis").search(said) and "pip install 'hubbub[redis]'" in said
    for url in ("redis://127.0.0.1:6379", "redis+sentinel://a,b:1/main", "redis://a:1,rediss://:pw@b:2/1"):
        assert not pattern("check-redis").search(manage(tmp_path, "", "check", REDIS_URL=url))


def test_the_cure_for_cors_is_one(tmp_path: Path) -> None:
    cured = 'HUBBUB["ALLOWED_ORIGINS"] = ["https://app.example"]\nCORS_ALLOWED_ORIGINS = ["https://app.example"]'
    assert "hubbub.W005" not in manage(tmp_path, cured, "check")


class DjangoAlone(LiveServer):
    """Django's own application, without hubbub's in front."""

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "uvicorn", "--port", str(self.port), "django_alone:application"]


def test_django_alone_knows_no_sockets(tmp_path: Path) -> None:
    from tests.hostile.wire import Client, handshake
    from tests.waiting import wait_until

    (tmp_path / "django_alone.py").write_text(ASGI)
    env = {"PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "hubbub.django.settings"}
    server = DjangoAlone(tmp_path, env=env)
    server.manage("migrate", "-v0")
    try:
        server.start()
        client = Client.tcp(server.port)
        client.send(handshake("/ws/"))
        assert client.status() == 500
        client.close()
        wait_until(lambda: pattern("log-django-only").search(server.log()), server.log())
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("urls", "path"),
    [
        ("tracker.urls", "tracker.asgi.application"),
        ("urls", "asgi.application"),
        (None, "mysite.asgi.application"),
    ],
)
def test_the_application_has_the_projects_name(settings: Any, urls: str | None, path: str) -> None:
    settings.ROOT_URLCONF = urls
    for wrong in (None, "absent.asgi"):
        settings.ASGI_APPLICATION = wrong
        (found,) = check_asgi()
        assert repr(path) in str(found.hint)
