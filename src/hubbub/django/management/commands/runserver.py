"""Django's ``runserver``, with sockets and background work: the same reloader and static files, served by uvicorn."""

import socket
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands.runserver import Command as StaticFilesCommand

from hubbub.django.application import project_application
from hubbub.django.background import Background
from hubbub.django.conf import hubbub_settings
from hubbub.django.serving import server_config
from hubbub.transports.uvicorn.server import HubbubConfig, HubbubServer


class Command(StaticFilesCommand):
    addr: str
    port: str
    _raw_ipv6: bool

    help = "Starts the development server, which also serves hubbub's sockets and runs tasks and what recurs."

    def inner_run(self, *args: Any, **options: Any) -> None:
        self.check(display_num_errors=True)
        self.check_migrations()
        application = project_application()
        if options["use_static_handler"] and (settings.DEBUG or options["insecure_serving"]):
            from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler

            application = _HttpThrough(ASGIStaticFilesHandler(application), application)
        host = f"[{self.addr}]" if self._raw_ipv6 else self.addr
        self.stdout.write(f"Starting hubbub's development server at http://{host}:{self.port}/\n")
        _Server(server_config(application, self.addr, int(self.port))).run()


class _Server(HubbubServer):
    """It also does what is due in the background, as ``serve`` does; the reloader cuts it off."""

    def __init__(self, config: HubbubConfig) -> None:
        super().__init__(config)
        self._background = Background() if hubbub_settings().background else None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._background:
            self._background.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._background:
            self._background.stop()
        await super().shutdown(sockets)


class _HttpThrough:
    """Static files for HTTP; all else straight to the application."""

    def __init__(self, http: Any, application: Any) -> None:
        self._http = http
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await (self._http if scope["type"] == "http" else self._application)(scope, receive, send)
