"""hubbub as one ASGI application: Django for HTTP, sessions for WebSockets.

In a project's ``asgi.py``::

    application = hubbub_application(get_asgi_application())
"""

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings as django_settings

from hubbub.django.loopback import is_local, refuse

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class HubbubApplication:
    """Routes a connection by its type; the lifespan starts and stops the engine."""

    def __init__(self, http: Asgi, websocket: Asgi | None = None) -> None:
        self._http = http
        self._other_websockets = websocket
        # Imported late: these need Django's apps, and the arguments above have set them up.
        from hubbub.django import runtime
        from hubbub.django.auth import AuthMiddleware
        from hubbub.django.conf import hubbub_settings
        from hubbub.django.origins import origin_allowed
        from hubbub.engine.clock import SystemClock
        from hubbub.transports.websocket import ROUTE, HubbubConsumer, find_route

        self._runtime = runtime
        self._origin_allowed = origin_allowed
        self._route_key = ROUTE
        self._find_route = find_route
        self._prefix = hubbub_settings().socket_prefix
        # As Django takes a request's path: FORCE_SCRIPT_NAME counts over what the server says.
        self._script_name = (django_settings.FORCE_SCRIPT_NAME or "").rstrip("/")
        self._loopback_only = getattr(django_settings, "HUBBUB_LOOPBACK_ONLY", False)
        self._websocket = AuthMiddleware(HubbubConsumer(runtime.get_engine), SystemClock())

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if self._loopback_only and scope["type"] in ("http", "websocket") and not is_local(scope):
            await refuse(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._serve_websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            raise ValueError(f"hubbub does not serve {scope['type']!r} connections.")

    async def _serve_websocket(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if self._script_name:
            scope = {**scope, "root_path": self._script_name}
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/")
        if not path.startswith(self._prefix) and self._other_websockets is not None:
            await self._other_websockets(scope, receive, send)
            return
        # The route comes first: a path that nobody serves costs no query.
        route = self._find_route(scope, self._prefix)
        if route is None or not self._origin_allowed(scope):
            await receive()
            await send({"type": "websocket.close", "code": 1000})  # Before accepting: HTTP 403.
            return
        # The engine before the credentials: it has to hear of sign-ins that end once they are checked.
        await self._runtime.get_engine()
        await self._websocket({**scope, self._route_key: route}, receive, send)

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
    """hubbub in front of a Django application; ``websocket`` gets the sockets outside hubbub's prefix."""
    return HubbubApplication(http, websocket)
