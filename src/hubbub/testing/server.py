"""hubbub's own server in a thread, on the test's database: sockets and HTTP for real."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any, Self

import uvicorn
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import Client, modify_settings
from django.utils.module_loading import import_string

from hubbub.django import runtime
from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.serving import server_config
from hubbub.testing.project import ONE_ENGINE
from hubbub.transports.uvicorn.server import HubbubConfig, HubbubServer

HOST = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 30.0


class _Server(HubbubServer):
    """Stays within the test's process, which goes on after it."""

    def __init__(self, config: HubbubConfig) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await uvicorn.Server.startup(self, sockets)
        self.ready.set()


class LiveServer:
    """``with LiveServer() as live:`` serves the project's ``ASGI_APPLICATION`` on a free port of this machine.

    A thread of the test's process: settings that a test overrides, and whatever it patches, count here too. Its
    threads have database connections of their own, so the test must really commit (pytest-django's
    ``transactional_db``, Django's ``TransactionTestCase``), and the test database must be one that all
    connections share: a server, or a file. Raises ImproperlyConfigured where it is not.
    """

    def __init__(self) -> None:
        _check_database()
        if not getattr(settings, "ASGI_APPLICATION", None):
            raise ImproperlyConfigured("Set ASGI_APPLICATION to the path of the application in your asgi.py.")
        if runtime.current() is not None:
            raise RuntimeError(ONE_ENGINE)
        self._socket = socket.create_server((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.ws_url = f"ws://{HOST}:{self.port}/{hubbub_settings().socket_prefix}"
        self._hosts = modify_settings(ALLOWED_HOSTS={"append": HOST})
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        self._hosts.enable()
        application = import_string(settings.ASGI_APPLICATION)
        config = server_config(application, HOST, self.port, log_config=None, access_log=False, lifespan="on")
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._serve, name="hubbub live server", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(START_SECONDS) or not self._server.started:
            self.__exit__()
            raise RuntimeError("The live server did not start.") from self._error
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        self._socket.close()
        self._hosts.disable()
        if self._thread.is_alive():
            raise RuntimeError(f"The live server did not stop within {STOP_SECONDS:.0f} s.")

    def _serve(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._socket]))
        except BaseException as error:
            self._error = error
        finally:
            self._server.ready.set()
            connections.close_all()

    def cookie(self, user: Any) -> str:
        """A ``Cookie`` header by which requests and handshakes are the user's."""
        client = Client()
        client.force_login(user)
        return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _check_database() -> None:
    """Raises ImproperlyConfigured for a database that only this thread could use."""
    alias = database_alias()
    connection = connections[alias]
    if connection.in_atomic_block:
        raise ImproperlyConfigured(
            "A live server sees only what is committed. Use pytest-django's transactional_db, "
            "@pytest.mark.django_db(transaction=True), or Django's TransactionTestCase."
        )
    if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]
        raise ImproperlyConfigured(
            "The test database is in memory, where the server's threads would lock each other out. Use the engine "
            f'hubbub.django.sqlite, or set DATABASES["{alias}"]["TEST"] = {{"NAME": BASE_DIR / "test.sqlite3"}}.'
        )
