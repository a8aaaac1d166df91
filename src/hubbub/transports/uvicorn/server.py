"""The server and its configuration: uvicorn with defaults that are safe in production."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from . import faults, redact
from .admission import Admission
from .http import HubbubHTTPProtocol
from .proxy import TrustedProxies, networks_of
from .websocket import MAX_MESSAGE, HubbubWebSocketProtocol

if TYPE_CHECKING:
    from types import FrameType

    from uvicorn._types import ASGIApplication

logger = logging.getLogger("hubbub.transports.server")

_OURS: Final[Any] = object()

HANDSHAKES: Final = 100
"""Handshakes under way at once, where nothing else is said."""
KEPT_SECONDS: Final = 1.0
"""How long after the signal HTTP connections are kept for one more request."""


class HubbubConfig(uvicorn.Config):
    """uvicorn's configuration and what is hubbub's own."""

    trusted_proxies: Sequence[str] = ()
    drain_timeout: float = 0.0
    admission: Admission

    def load(self) -> None:
        """Import the application and wrap it."""
        super().load()
        if self.trusted_proxies:
            self.loaded_app = TrustedProxies(self.loaded_app, self.trusted_proxies)


def make_config(
    app: ASGIApplication | str,
    host: str = "127.0.0.1",
    port: int = 8000,
    uds: str | None = None,
    *,
    http: type[HubbubHTTPProtocol] = HubbubHTTPProtocol,
    ws: type[HubbubWebSocketProtocol] = HubbubWebSocketProtocol,
    trusted_proxies: Sequence[str] = (),
    drain_timeout: float | None = None,
    graceful_timeout: int = 10,
    handshakes: int = HANDSHAKES,
    keep_alive: int = 65,
    max_body: int | None = None,
    compression: bool = False,
    limit_concurrency: int | None = None,
    access_log: bool = True,
    log_level: str | None = "info",
    log_config: dict[str, Any] | None = _OURS,
    lifespan: uvicorn.config.LifespanType = "auto",
) -> HubbubConfig:
    """Make the configuration of one server process.

    Args:
        app: the ASGI application, or where to import it from (``"package.module:name"``).
        host: address to listen on.
        port: TCP port; 0 lets the system choose.
        uds: path of a unix socket to listen on instead.
        http: HTTP protocol class (a subclass may set other limits).
        ws: WebSocket protocol class, likewise.
        trusted_proxies: whose ``X-Forwarded-For`` and ``-Proto`` are believed: addresses,
            networks and ``"unix"`` for the peer on a unix socket. Nobody's by default; the
            usual settings are ``("127.0.0.1", "::1")`` and ``("unix",)``.
        drain_timeout: seconds that stopping waits for the drain; as ``graceful_timeout`` by default.
        graceful_timeout: seconds that stopping waits for running requests, after that.
        handshakes: WebSocket handshakes under way at once (:mod:`.admission`).
        keep_alive: seconds that an idle HTTP connection is kept. Longer than nginx's 60, so
            that the proxy never picks a connection that is just being closed (a 502).
        max_body: bytes of a request's body; one more is answered 413. By default what ``http``
            says, 3 MiB.
        compression: agree to compress WebSocket messages, where frames can be shared (:mod:`.compression`).
        limit_concurrency: HTTP connections and running requests above which the answer is
            503; WebSockets are limited by the application, per user and per address.
        access_log: log each HTTP request.
        log_level: least level of uvicorn's loggers; None leaves it as it is.
        log_config: ``dictConfig`` dictionary; None leaves logging as it is. Secrets are
            hidden by a filter on the loggers either way.
        lifespan: ``"auto"``, ``"on"`` or ``"off"``.

    Raises:
        ValueError: a trusted proxy isn't an address, a network or ``"unix"``.
    """
    faults.install()
    redact.install()
    networks_of(trusted_proxies)  # complain now, not when the app is loaded
    if max_body is not None:
        http = type(http.__name__, (http,), {"max_body": max_body})
    config = HubbubConfig(
        app,
        host=host,
        port=port,
        uds=uds,
        loop="auto",  # uvloop where it is installed
        http=http,
        ws=ws,
        ws_max_size=MAX_MESSAGE,
        ws_max_queue=32,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        ws_per_message_deflate=compression,
        lifespan=lifespan,
        log_config=redact.log_config((log_level or "info").upper()) if log_config is _OURS else log_config,
        log_level=log_level,
        access_log=access_log,
        proxy_headers=False,  # see TrustedProxies
        server_header=False,
        limit_concurrency=limit_concurrency,
        backlog=2048,
        timeout_keep_alive=keep_alive,
        timeout_graceful_shutdown=graceful_timeout,
        h11_max_incomplete_event_size=http.max_head_size,
    )
    config.trusted_proxies = tuple(trusted_proxies)
    config.drain_timeout = graceful_timeout if drain_timeout is None else drain_timeout
    config.admission = Admission(handshakes)
    return config


class HubbubServer(uvicorn.Server):
    """A uvicorn server that stops in order (rule HOST-18).

    On SIGTERM or SIGINT: handshakes are answered 503 from then on, and requests as before, while :meth:`drain` runs;
    then listening ends, every WebSocket that is left gets 1012, running requests are waited for
    (``timeout_graceful_shutdown``), and the application's lifespan is shut down. A second signal skips the waiting.

    Attributes:
        hands_over: whether others go on listening on the same sockets, so that this process leaves them to those at
            once when it stops.
    """

    config: HubbubConfig
    hands_over = False

    def __init__(self, config: HubbubConfig) -> None:
        faults.install()
        redact.install()
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen."""
        await super().startup(sockets)
        # What the application imported stays for good: hundreds of thousands of objects
        # that every full collection would walk again, with all sockets waiting.
        gc.collect()
        gc.freeze()

    def open_sockets(self) -> list[HubbubWebSocketProtocol]:
        """The WebSocket connections of this process, in no order."""
        return [
            connection
            for connection in self.server_state.connections
            if isinstance(connection, HubbubWebSocketProtocol)
        ]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; with the second signal, whichever it is, now."""
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)

    async def drain(self) -> None:
        """Hook: empty the process before it stops. Does nothing here.

        Runs once, when no handshake is taken any more and before anybody is disconnected; the application still
        works. Override it to close sockets with 1012 a few at a time, so that not all clients come back in the same
        instant.

        It is given ``drain_timeout`` seconds and then cancelled, and so it is by a second signal. What it raises is
        logged. Neither keeps the server from stopping: sockets that are left get 1012 all at once afterwards.
        """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order; see the class."""
        kept_until = asyncio.get_running_loop().time() + KEPT_SECONDS
        self.config.admission.close()
        if self.hands_over:
            self.stop_listening(sockets)
        await self._drain()
        await self._run_out(kept_until)
        self.stop_listening(sockets)
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        work = loop.create_task(self.drain(), name="drain")
        until = loop.time() + self.config.drain_timeout
        while not work.done() and not self.force_exit and loop.time() < until:
            await asyncio.wait({work}, timeout=min(0.1, until - loop.time()))
        if not work.done():
            work.cancel()
            logger.warning("draining %s", "was cut short" if self.force_exit else "took too long and was cut short")
        elif not work.cancelled() and (error := work.exception()):
            logger.error("draining failed", exc_info=error)

    async def _run_out(self, until: float) -> None:
        """Wait for connections that are kept to get their last answer, which says so.

        Closed at once, one might be closed under a request that is on its way.
        """
        loop = asyncio.get_running_loop()
        while not self.force_exit and loop.time() < until and self._keeps_any():
            await asyncio.sleep(0.05)

    def _keeps_any(self) -> bool:
        return any(isinstance(each, HubbubHTTPProtocol) for each in self.server_state.connections)

    def stop_listening(self, sockets: list[socket.socket] | None) -> None:
        """Take no new connections. Called once or twice."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
