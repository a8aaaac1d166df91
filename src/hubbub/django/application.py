"""hubbub as one ASGI application: Django for HTTP, sessions for WebSockets.

In a project's ``asgi.py``::

    application = hubbub_application(get_asgi_application())

What stands there already, a ``ProtocolTypeRouter`` for one, goes on to get all that isn't hubbub's.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings as django_settings
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.utils.module_loading import import_string

from hubbub.django.loopback import is_local, refuse
from hubbub.engine.logs import quiet_logger

suspicious = quiet_logger("hubbub.suspicious")

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class HubbubApplication:
    """Routes a connection by its type; the lifespan starts and stops the engine."""

    instances = 0
    """How many there are in this process: a check asks whether a project's application is one, or has one inside."""

    def __init__(self, http: Asgi, websocket: Asgi | None = None) -> None:
        type(self).instances += 1
        self._http = http
        # Django itself raises on a socket.
        takes_sockets = http is not None and not isinstance(http, ASGIHandler)
        self._other_websockets = websocket or (http if takes_sockets else None)
        # Imported late: these need Django's apps, and the arguments above have set them up.
        from hubbub.django import metrics as metrics  # Whoever exposes what prometheus-client knows has these as well.
        from hubbub.django import runtime
        from hubbub.django.auth import AuthMiddleware
        from hubbub.django.conf import hubbub_settings
        from hubbub.django.origins import origin_allowed
        from hubbub.engine.clock import SystemClock
        from hubbub.engine.counters import counters
        from hubbub.transports.websocket import ROUTE, HubbubConsumer, find_route

        self._runtime = runtime
        self._origin_allowed = origin_allowed
        self._handshakes = counters.handshakes
        self._route_key = ROUTE
        self._find_route = find_route
        self._prefix = hubbub_settings().socket_prefix
        self._loopback_only = getattr(django_settings, "HUBBUB_LOOPBACK_ONLY", False)
        self._websocket = AuthMiddleware(HubbubConsumer(runtime.get_engine), runtime.check, SystemClock())

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if self._loopback_only and scope["type"] in ("http", "websocket") and not is_local(scope):
            await refuse(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, self._watched(scope, send))
        elif scope["type"] == "websocket":
            await self._serve_websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            raise ValueError(f"hubbub does not serve {scope['type']!r} connections.")

    async def _serve_websocket(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        # The route comes first: a path that nobody serves costs no query.
        route = self._route_of(scope)
        if route is None and self._other_websockets is not None:
            await self._other_websockets(scope, receive, send)
            return
        if route is None:
            suspicious.warning(
                "A socket was asked for at %r, and there is none. hubbub's are below '/%s' (HUBBUB['SOCKET_PREFIX']).",
                scope["path"][:200],
                self._prefix,
            )
        if route is None or not self._origin_allowed(scope):
            self._handshakes["path" if route is None else "origin"] += 1
            await receive()
            await send({"type": "websocket.close", "code": 1000})  # Before accepting: HTTP 403.
            return
        # The engine before the credentials: it has to hear of sign-ins that end once they are checked.
        await self._runtime.get_engine()
        await self._websocket({**scope, self._route_key: route}, receive, send)

    def _route_of(self, scope: dict[str, Any]) -> Any:
        # As for Django's own paths, FORCE_SCRIPT_NAME counts over what the server says.
        return self._find_route(scope["path"].removeprefix(get_script_prefix(scope)), self._prefix)

    def _watched(self, scope: dict[str, Any], send: Any) -> Any:
        """``send``, with a word in the log where a socket is asked for by plain HTTP and is not found there."""
        if self._route_of(scope) is None:
            return send

        async def watch(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] in (301, 404):
                suspicious.warning(
                    "A plain HTTP request came for the socket %r and was answered %d. If a browser meant to open a "
                    "socket, a proxy before this server drops the headers Upgrade and Connection.",
                    scope["path"][:200],
                    message["status"],
                )
            await send(message)

        return watch

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._runtime.get_engine()
                except Exception as error:
                    await send({"type": "lifespan.startup.failed", "message": f"hubbub could not start: {error}"})
                    raise
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._runtime.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def hubbub_application(http: Asgi, websocket: Asgi | None = None) -> HubbubApplication:
    """hubbub in front of Django's application, or of what a project has in front of that already.

    Sockets that aren't hubbub's go to ``websocket``; without it to ``http``, unless that is Django itself, which
    knows none: they are then answered 403.
    """
    return HubbubApplication(http, websocket)


def project_application() -> Any:
    """What ASGI_APPLICATION names; without it hubbub's own, which is Django's with the sockets before it.

    Raises ImportError where there is no such thing.
    """
    return import_string(getattr(django_settings, "ASGI_APPLICATION", None) or "hubbub.django.asgi.application")
