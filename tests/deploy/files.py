"""The files of `deploy/`, and what their users fill in."""

from __future__ import annotations

import re
import secrets
import shlex
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"
ENVIRONMENT = DEPLOY / "hubbub.env"
NGINX = DEPLOY / "nginx" / "hubbub.conf"
UNITS = DEPLOY / "systemd"
HOST = "chat.example.org"


def environment(**others: str) -> dict[str, str]:
    """The lines of the environment file that hold as they stand, with a key filled in; ``others`` over them."""
    lines = ENVIRONMENT.read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert given["SECRET_KEY"] == "", "a key that everybody has is none"
    return given | {"SECRET_KEY": secrets.token_urlsafe(50)} | others


def mentioned() -> set[str]:
    """Every variable of the environment file, also of lines with a mark."""
    return set(re.findall(r"^#?([A-Z][A-Z_]+)=", ENVIRONMENT.read_text(), re.MULTILINE))


def unit(name: str) -> list[tuple[str, str, str]]:
    """The lines of a unit as (section, key, value)."""
    found, section = [], ""
    for line in (UNITS / name).read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith(("#", ";")):
            key, value = line.split("=", 1)
            found.append((section, key, value))
    return found


def commands(name: str) -> list[list[str]]:
    """What a unit runs, as words."""
    return [shlex.split(value) for section, key, value in unit(name) if (section, key) == ("Service", "ExecStart")]
