"""A project of this folder, served as a process, and the people who use it by what its own page tells them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.services import HOST, LiveServer

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
TIMEOUT = 20.0
IN_TURN = """
import json, sys
from django.core.management import call_command
for command in json.load(sys.stdin):
    call_command(*command)
"""


class Project(LiveServer):
    """``strip`` is what a proxy before it takes off every path."""

    def __init__(
        self,
        settings: str,
        folder: Path,
        server: Sequence[str] = (),
        strip: str = "",
        env: Mapping[str, str] | None = None,
    ) -> None:
        own = {
            "DJANGO_SETTINGS_MODULE": f"tests.projects.settings.{settings}",
            "PROJECT_DATA": str(folder / "data"),
            "PYTHONPATH": str(ROOT),
        }
        super().__init__(folder, env=own | dict(env or {}))
        self.strip = strip
        self._server = server

    @property
    def command(self) -> list[str]:
        if self._server:
            return [sys.executable, "-m", *(part.format(port=self.port) for part in self._server)]
        return super().command

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/up", trust_env=False, timeout=5).text == "up"
        except httpx.HTTPError:
            return False

    def run(self, *commands: Sequence[str]) -> None:
        """Its management commands one after the other, in one process: each takes a second to begin."""
        self.manage("shell", "-v0", "-c", IN_TURN, stdin=json.dumps(commands))

    def inside(self, path: str) -> str:
        """A path as it arrives here, behind the proxy."""
        return path.removeprefix(self.strip)


class Visitor:
    """Somebody with a browser: knows nothing but the address of hubbub's page."""

    def __init__(self, project: Project, page: str, headers: Mapping[str, str] | None = None) -> None:
        self.project = project
        self.headers = dict(headers or {})
        self.http = httpx.Client(base_url=project.url, headers=self.headers, trust_env=False, timeout=TIMEOUT)
        self.html = self.http.get(project.inside(page)).raise_for_status().text
        found = re.search(r'<script id="hubbub-page" type="application/json">(.*?)</script>', self.html, re.DOTALL)
        assert found, self.html
        self.page: dict[str, str] = json.loads(found[1])

    def sign_in(self, name: str) -> Self:
        self.account = self.ask("POST", "auth/session/", username=name, password=PASSWORD)
        return self

    def ask(self, method: str, path: str, status: int = 0, **body: Any) -> Any:
        """A REST request; ``status`` if it is to fail."""
        csrf = {"X-CSRFToken": self.http.cookies.get("csrftoken") or ""}
        if self.headers.get("X-Forwarded-Proto") == "https":
            csrf["Referer"] = f"https://{self.headers['X-Forwarded-Host']}/"
        url = self.project.inside(f"{self.page['api']}{path}")
        response = self.http.request(method, url, json=body or None, headers=csrf)
        assert response.status_code == status or (not status and response.is_success), response.text
        return response.json() if response.content else None

    def socket(self, query: str = "", cookie: bool = True, **headers: str) -> Socket:
        """A session of hubbub's."""
        return Socket(self.raw_socket(query, cookie, **headers))

    def raw_socket(self, query: str = "", cookie: bool = True, **headers: str) -> ClientConnection:
        path = self.project.inside(self.page["socket"])
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        own = self.headers | headers | ({"Cookie": cookies} if cookie and cookies else {})
        origin = own.pop("Origin", None)
        url = f"ws://{HOST}:{self.project.port}{path}{query}"
        return connect(url, additional_headers=own, origin=Origin(origin) if origin else None, proxy=None, legacy=True)


class Socket:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._kept: list[dict[str, Any]] = []
        self.ready = self.frame("ready")["data"]

    def ask(self, type: str, topic: str | None = None, **data: Any) -> dict[str, Any]:
        frame = {"id": 1, "type": type, "data": data} | ({"topic": topic} if topic else {})
        self._connection.send(json.dumps(frame))
        reply = self.frame("reply")
        assert "ok" in reply, reply
        ok: dict[str, Any] = reply["ok"]
        return ok

    def frame(self, type: str) -> dict[str, Any]:
        """The next frame of a type; others are kept for whoever asks for them."""
        for kept in self._kept:
            if kept["type"] == type:
                self._kept.remove(kept)
                return kept
        while True:
            frame: dict[str, Any] = json.loads(self._connection.recv(timeout=TIMEOUT))
            if frame["type"] == type:
                return frame
            self._kept.append(frame)

    def closed(self) -> int:
        """Wait until the server closes; the code that it says why by."""
        return close_code(self._connection)

    def close(self) -> None:
        self._connection.close()


def close_code(connection: ClientConnection) -> int:
    """Read on until the server closes the connection."""
    try:
        while True:
            connection.recv(timeout=TIMEOUT)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
