"""Run the tests' application on a socket that the parent process has bound.

    python serve.py FD OPTIONS

OPTIONS is a JSON object: ``http`` and ``ws`` set class attributes of the two protocol
classes, ``config`` are keyword arguments of ``make_config``, ``ping`` is the keepalive's
interval and time-out in seconds, ``drain`` what the drain hook does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys

from app import app  # type: ignore[import-not-found]  # beside this script

from hubbub.transports.uvicorn import (
    HubbubHTTPProtocol,
    HubbubServer,
    HubbubWebSocketProtocol,
    make_config,
)

logger = logging.getLogger("hubbub.tests.serve")


class DrainingServer(HubbubServer):
    """Shows what it does in its drain hook."""

    how = ""

    async def drain(self) -> None:
        """Close the sockets, hang or raise."""
        if not self.how:
            await super().drain()
            return
        sockets = self.open_sockets()
        logger.warning("drain began with %d sockets", len(sockets))
        if self.how == "hang":
            await asyncio.sleep(3600)
        if self.how == "raise":
            raise RuntimeError("drain is broken")
        for one in sockets:
            one.shutdown()
            await asyncio.sleep(0.001)
        logger.warning("drain finished")


def main() -> None:
    """Serve until SIGTERM."""
    options = json.loads(sys.argv[2])
    http = type("HTTP", (HubbubHTTPProtocol,), options.get("http", {}))
    ws = type("WebSocket", (HubbubWebSocketProtocol,), options.get("ws", {}))
    config = make_config(app, http=http, ws=ws, **options.get("config", {}))
    if "ping" in options:
        config.ws_ping_interval = config.ws_ping_timeout = options["ping"]
    server = DrainingServer(config)
    server.how = options.get("drain", "")
    server.run([socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
