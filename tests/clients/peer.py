"""Somebody else in the same rooms, on a plain socket, whose messages the client under test has to get."""

import json
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.durability.checker import Ack, ClientLog
from tests.services import LiveServer

SECONDS = 15.0


class Peer:
    def __init__(self, server: LiveServer, token: str) -> None:
        self.log = ClientLog("peer")
        self._url = f"{server.ws_url}?token={token}"
        self._ids = 0

    def send(self, topic: str, *contents: str) -> None:
        """Send messages, each after the reply to the one before it."""
        # A connection each time: who idles between would have to answer pings.
        with connect(self._url, proxy=None, open_timeout=SECONDS) as socket:
            for content in contents:
                self._ids += 1
                self.log.sent.append((topic, content))
                command = {"id": self._ids, "type": "chat.send", "topic": topic, "data": {"content": content}}
                socket.send(json.dumps(command))
                ok = self._answer(socket)
                self.log.acks.append(Ack(content, topic, ok["offset"], ok["message"]["id"]))

    def _answer(self, socket: ClientConnection) -> dict[str, Any]:
        while (frame := json.loads(socket.recv(SECONDS))).get("id") != self._ids:
            pass
        assert "ok" in frame, frame
        ok: dict[str, Any] = frame["ok"]
        return ok
