"""hubbub as it is shipped: the wheel, ``hubbub serve``, real sign-ins."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks import home
from benchmarks.plans import Client, Speech, expects, sends
from benchmarks.processes import Failed, Process, server_port
from benchmarks.servers.base import Running, Server
from tests.services import HOST, answers

ENVIRONMENT = {
    # As in production; without a proxy before it there is no TLS to redirect to.
    "DEBUG": "false",
    "SECRET_KEY": "a benchmark's, which is no secret, and long enough",
    "SECURE_SSL_REDIRECT": "false",
    # The peers' servers say nothing of each connection either.
    "HUBBUB_LOG_LEVEL": "WARNING",
    "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
    # For `benchmarks.settings` and `benchmarks.feature` only: hubbub itself is in site-packages.
    "PYTHONPATH": str(home.REPO),
}

PING = ('{"type":"ping"}', '{"type":"pong"}')


class Hubbub(Server):
    key = "hubbub"
    name = "hubbub"
    keeps_promise = True
    speech = Speech(publish='{"type":"bench.say","topic":"bench.%R","data":{"body":"%B"}}', ping=PING)

    def prepare(self) -> None:
        home.hubbub_bin()

    def versions(self) -> dict[str, str]:
        return home.python_versions(home.hubbub_bin() / "python", "hubbub", "Django", "channels", "uvicorn", "uvloop")

    @contextmanager
    def running(
        self, folder: Path, people: int, env: Mapping[str, str] | None = None, groups: int = 0
    ) -> Iterator[Running]:
        """``env``: more for its environment, a DATABASE_URL for one. ``groups``: people are dealt out to them."""
        folder.mkdir(parents=True, exist_ok=True)
        environment = ENVIRONMENT | {"HUBBUB_DATA_DIR": str(folder / "data")} | dict(env or {})
        tokens = self.manage(environment, "bench_people", str(people), f"--groups={groups}").split()
        with self.serving(environment, server_port(), folder) as process:
            yield Running(process, tokens)

    def serving(self, environment: Mapping[str, str], port: int, folder: Path) -> AbstractContextManager[Process]:
        """``hubbub serve``; the context raises Failed where it does not start."""
        folder.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [home.hubbub_bin() / "hubbub", "serve", "--host", HOST, "--port", str(port)]
        return self.process(
            command, port, folder, environment, cwd=folder, ready=lambda port: answers(f"http://{HOST}:{port}/readyz")
        )

    def manage(self, environment: Mapping[str, str], *args: str) -> str:
        """The output of ``hubbub <args>`` in the server's environment. Raises Failed."""
        command: list[str | Path] = [home.hubbub_bin() / "hubbub", *args]
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"hubbub {' '.join(args)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def client(self, room: str, credential: str) -> Client:
        return self.follower((room,), credential)

    def follower(self, rooms: Sequence[str], credential: str) -> Client:
        """Somebody who follows several rooms."""
        steps: list[str] = []
        for number, room in enumerate(rooms, 1):
            steps.append(sends(f'{{"id":{number},"type":"subscribe","topic":"bench.{room}"}}'))
            steps.append(expects(f'"id":{number},"type":"reply","ok"'))
        return Client("/ws/", f"Authorization: Bearer {credential}", tuple(steps))


HUBBUB = Hubbub()
