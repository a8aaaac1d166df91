"""A server as an operator runs it, with a token for its metrics and its log as JSON, and people on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.formats.client import Person
from tests.formats.fixtures import ann, bob, crowd, room
from tests.formats.people import make_people
from tests.services import LiveServer, live_servers

__all__ = ["ann", "bob", "crowd", "room"]

TOKEN = "a-token-of-more-than-twenty-characters"
ENVIRONMENT = {
    # An outbox that is soon full, and limits that one sender doesn't reach.
    "DJANGO_SETTINGS_MODULE": "tests.servers.settings",
    "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    "HUBBUB_METRICS_TOKEN": TOKEN,
    "HUBBUB_LOG_FORMAT": "json",
}
PROMOTE = """
import sys
from django.contrib.auth import get_user_model
get_user_model().objects.filter(username=sys.stdin.read()).update(is_staff=True)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("seeing")) as start:
        yield start(env=ENVIRONMENT)


@pytest.fixture(scope="module")
def staff(server: LiveServer) -> Person:
    """Somebody who may use the admin."""
    [person] = make_people(server, ["keeper"])
    server.manage("shell", "-v0", "-c", PROMOTE, stdin="keeper")
    return person


def lines(server: LiveServer) -> list[dict[str, Any]]:
    """The server's log; but for what Python itself says, and what ``serve`` prints, each line is an object."""
    return [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
