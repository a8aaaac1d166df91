"""The feature beside this file, on a real server: nothing of hubbub was changed for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.services import LiveServer, live_servers

ROOT = Path(__file__).parents[2]
ENV = {"DJANGO_SETTINGS_MODULE": "tests.poll.settings", "PYTHONPATH": str(ROOT)}
PASSWORD = "a long enough phrase"
TIMEOUT = 20.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("poll")) as start:
        yield start(env=ENV)


class Voter:
    """Somebody with a socket."""

    def __init__(self, server: LiveServer, name: str, stack: ExitStack) -> None:
        given = {"username": name, "password": PASSWORD}
        with httpx.Client(base_url=f"{server.url}/api/auth/", trust_env=False, timeout=TIMEOUT) as http:
            http.post("register/", json=given).raise_for_status()
            token = http.post("token/", json=given).raise_for_status().json()["access"]
        opening = connect(f"{server.ws_url}?token={token}", proxy=None, open_timeout=TIMEOUT)
        self.socket: ClientConnection = stack.enter_context(opening)
        self.frames: list[dict[str, Any]] = []
        self._id = 0

    def receive(self, **wanted: Any) -> dict[str, Any]:
        """The first frame with these values, waiting for it if need be."""
        seen = 0
        while True:
            for frame in self.frames[seen:]:
                seen += 1
                if wanted.items() <= frame.items():
                    return frame
            self.frames.append(json.loads(self.socket.recv(TIMEOUT)))

    def ask(self, type: str, topic: str, **data: Any) -> dict[str, Any]:
        self._id += 1
        self.socket.send(json.dumps({"id": self._id, "type": type, "topic": topic, "data": data}))
        return self.receive(id=self._id)

    def events(self) -> list[tuple[int, Any]]:
        return [(frame["offset"], frame["data"]) for frame in self.frames if frame["type"] == "poll.voted"]


@pytest.fixture(scope="module")
def voters(server: LiveServer) -> Iterator[tuple[Voter, Voter]]:
    with ExitStack() as stack:
        yield Voter(server, "ann", stack), Voter(server, "ben", stack)


def test_command_event_and_snapshot(voters: tuple[Voter, Voter]) -> None:
    """SUB-1 EVT-1 ACK-2: all that the engine promises holds for a feature that it has never heard of."""
    ann, ben = voters
    empty = ann.ask("subscribe", "poll.lunch", snapshot=True)["ok"]
    assert (empty["position"]["offset"], empty["snapshot"]) == (0, {"votes": {}})
    assert ben.ask("poll.vote", "poll.lunch", option="soup", client_id="b1")["ok"] == {"votes": {"soup": 1}}
    assert ann.ask("poll.vote", "poll.lunch", option="salad")["ok"] == {"votes": {"salad": 1, "soup": 1}}
    # Sent again: the first reply, and no further event.
    assert ben.ask("poll.vote", "poll.lunch", option="soup", client_id="b1")["ok"] == {"votes": {"soup": 1}}
    assert ben.ask("poll.vote", "poll.lunch", option="salad")["ok"] == {"votes": {"salad": 2}}
    ann.receive(type="poll.voted", topic="poll.lunch", offset=3)
    assert ann.events() == [
        (1, {"tally": {"votes": {"soup": 1}}}),
        (2, {"tally": {"votes": {"salad": 1, "soup": 1}}}),
        (3, {"tally": {"votes": {"salad": 2}}}),
    ]
    late = ben.ask("subscribe", "poll.lunch", snapshot=True)["ok"]
    assert (late["position"]["offset"], late["snapshot"]) == (3, {"votes": {"salad": 2}})


def test_validation_comes_from_the_class(voters: tuple[Voter, Voter]) -> None:
    """ENV-2 SUB-5"""
    ann, _ = voters
    assert ann.ask("poll.vote", "poll.lunch", option=7)["error"]["code"] == "bad_data"
    assert ann.ask("poll.vote", "poll.lunch")["error"]["code"] == "bad_data"
    assert ann.ask("poll.vote", "pole.lunch", option="x")["error"]["code"] == "forbidden"
    assert ann.ask("subscribe", "poll.")["error"]["code"] == "forbidden"
    assert ann.ask("poll.close", "poll.lunch")["error"]["code"] == "unknown_command"


def schema(kind: str, settings: str) -> str:
    env = {**os.environ, **ENV, "DJANGO_SETTINGS_MODULE": settings}
    command = [sys.executable, "-m", "hubbub", "schema", kind]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60).stdout


def test_json_schema() -> None:
    """The generated documents have the feature's messages where its app is installed, and only there."""
    document = json.loads(schema("json", "tests.poll.settings"))
    assert document["commands"]["poll.vote"] == {
        "description": "Vote for an option, or change one's vote.",
        "topic": "required",
        "data": {"$ref": "#/$defs/Vote"},
        "reply": {"$ref": "#/$defs/Tally"},
    }
    assert document["events"]["poll.voted"]["durable"] is True
    assert document["$defs"]["Vote"]["required"] == ["option"]
    assert "poll.vote" not in schema("json", "tests.settings")


def test_typescript() -> None:
    text = schema("typescript", "tests.poll.settings")
    assert '"poll.vote": { data: Vote; reply: Tally; topic: string };' in text
    assert '"poll.voted": Voted;' in text
    assert "export interface Tally {" in text and "votes: Record<string, number>;" in text


def test_its_tables_are_migrated(server: LiveServer) -> None:
    """The server brings them up to date by itself, and the migration is what the model says."""
    server.manage("makemigrations", "--check", "--dry-run", "poll")
    assert "[X] 0001_initial" in server.manage("showmigrations", "poll").stdout
