"""Run the tests' application on a socket that the parent process has bound.

    python serve.py FD OPTIONS

OPTIONS is a JSON object: ``http`` and ``ws`` set class attributes of the two protocol
classes, ``config`` are keyword arguments of ``make_config``, ``ping`` is the keepalive's
interval and time-out in seconds.
"""

from __future__ import annotations

import json
import socket
import sys

from app import app  # type: ignore[import-not-found]  # beside this script

from hubbub.transports.uvicorn import (
    HubbubHTTPProtocol,
    HubbubServer,
    HubbubWebSocketProtocol,
    make_config,
)


def main() -> None:
    """Serve until SIGTERM."""
    options = json.loads(sys.argv[2])
    http = type("HTTP", (HubbubHTTPProtocol,), options.get("http", {}))
    ws = type("WebSocket", (HubbubWebSocketProtocol,), options.get("ws", {}))
    config = make_config(app, http=http, ws=ws, **options.get("config", {}))
    if "ping" in options:
        config.ws_ping_interval = config.ws_ping_timeout = options["ping"]
    HubbubServer(config).run([socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
