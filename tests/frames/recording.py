"""Writes down a conversation with a real server, as README.md beside this file says."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.services import LiveServer

TIMEOUT = 15.0
TIMES = {"time", "timestamp", "created_at", "active_at", "at"}
SECONDS = {"retry_after": 1, "expires_in": 60}
Frame = dict[str, Any]


def talk(server: LiveServer, query: dict[str, str]) -> ClientConnection:
    url = f"{server.ws_url}?{urlencode(query)}" if query else server.ws_url
    return connect(url, proxy=None, open_timeout=TIMEOUT, max_size=2**20)


class Other:
    """Somebody else at the same server, whose frames aren't written down."""

    def __init__(self, server: LiveServer, token: str) -> None:
        self._server = server
        self._token = token
        self._socket = talk(server, {"token": token})
        self._ids = 0

    def command(self, type: str, topic: str | None = None, **data: Any) -> Frame:
        """Send a command that must succeed; returns what is in its reply."""
        self._ids += 1
        frame = {"id": self._ids, "type": type, "data": data} | ({"topic": topic} if topic else {})
        self._socket.send(json.dumps(frame))
        while True:
            got: Frame = json.loads(self._socket.recv(TIMEOUT))
            if got.get("id") == self._ids:
                assert "ok" in got, got
                ok: Frame = got["ok"]
                return ok

    def until(self, type: str) -> Frame:
        """Wait for an event of a type."""
        while True:
            got: Frame = json.loads(self._socket.recv(TIMEOUT))
            if got["type"] == type:
                return got

    def rest(self, method: str, path: str, **body: Any) -> None:
        """Ask over REST, which must succeed."""
        request = urllib.request.Request(
            f"{self._server.url}/api/{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=TIMEOUT).close()

    def close(self) -> None:
        self._socket.close()


class Recording:
    """One client's side of a conversation; every call adds lines."""

    def __init__(self, server: LiveServer, note: str) -> None:
        self.server = server
        self.lines: list[Frame] = [{"note": note}]
        self._socket: ClientConnection | None = None
        self._ids = 0
        self._names: dict[str, dict[str, str]] = {}

    def open(self, **query: str) -> None:
        """Connect with ``token=...``, or as a guest."""
        self._ids = 0
        self._socket = talk(self.server, query)
        self._write({"open": query})

    def asks(self, type: str, topic: str | None = None, **fields: Any) -> None:
        """The application wants this sent."""
        self._send(type, topic, fields, asked=True)

    def sends(self, type: str, topic: str | None = None, **fields: Any) -> None:
        """The client sends this by itself."""
        self._send(type, topic, fields, asked=False)

    def gets(self, *types: str) -> list[Frame]:
        """Wait for one frame of each type, in whatever order, and write them in this one. Others mustn't come."""
        wanted = list(types)
        got: list[Frame] = []
        while len(got) < len(wanted):
            frame: Frame = json.loads(self.connection.recv(TIMEOUT))
            if frame["type"] == "ping" and "ping" not in wanted:
                self.connection.send('{"type": "pong"}')
                continue
            left = list(wanted)
            for each in got:
                left.remove(each["type"])
            assert frame["type"] in left, f"{frame} came, and not one of {left}"
            got.append(frame)
        ordered = []
        for type in wanted:
            frame = next(each for each in got if each["type"] == type)
            got.remove(frame)
            ordered.append(frame)
            self._write({"server": frame})
        return ordered

    def reply(self) -> Frame:
        """What is in the next reply, which must be the next frame and no error."""
        ok: Frame = self.gets("reply")[0]["ok"]
        return ok

    def wait(self, seconds: float) -> None:
        """Let the time pass that the server asked for; only pings may come."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with suppress(TimeoutError):
                frame = json.loads(self.connection.recv(left))
                assert frame["type"] == "ping", f"{frame} came while waiting"
                self.connection.send('{"type": "pong"}')

    def closed(self, code: int) -> None:
        """Wait until the server closes the connection."""
        with suppress(ConnectionClosed):
            while True:
                frame = json.loads(self.connection.recv(TIMEOUT))
                assert frame["type"] == "ping", f"{frame} came instead of a close"
        assert self.connection.close_code == code, f"closed {self.connection.close_code}, and not {code}"
        self._write({"close": code, "by": "server"})

    def cut(self) -> None:
        """The network goes away. What the server has said meanwhile is lost."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        self._write({"close": 1006, "by": "network"})

    def close(self) -> None:
        """The client says goodbye."""
        self.connection.close(1000)
        self._write({"close": 1000, "by": "client"})

    @property
    def connection(self) -> ClientConnection:
        assert self._socket is not None, "open() first"
        return self._socket

    def text(self) -> str:
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)

    def _send(self, type: str, topic: str | None, fields: Frame, *, asked: bool) -> None:
        frame: Frame = {"type": type, **({"topic": topic} if topic else {}), **fields}
        if type != "pong":
            self._ids += 1
            frame = {"id": self._ids, **frame}
        self.connection.send(json.dumps(frame))
        self._write({"client": frame, **({"asked": True} if asked else {})})

    def _write(self, line: Frame) -> None:
        self.lines.append(self._alike(line))

    def _alike(self, value: Any, key: str = "") -> Any:
        """The value without what differs from one recording to the next."""
        if isinstance(value, dict):
            return {name: self._alike(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self._alike(each) for each in value]
        if key in SECONDS and value is not None:
            return SECONDS[key]
        if not isinstance(value, str):
            return value
        if key in TIMES:
            return "2026-01-01T00:00:00Z"
        if key in ("token", "session", "epoch"):
            known = self._names.setdefault(key, {})
            return known.setdefault(value, f"{key}-{len(known) + 1}")
        return value
