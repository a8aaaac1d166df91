"""``hubbub serve``: migrate, then serve UI, REST and sockets with uvicorn."""

import os
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from hubbub.django.application import project_application
from hubbub.django.background import Background
from hubbub.django.checks import check_workers
from hubbub.django.conf import hubbub_settings
from hubbub.django.loopback import is_loopback
from hubbub.django.serving import Server, server_config
from hubbub.django.supervised import WorkerServer, place_of_worker
from hubbub.django.workers import Supervisor
from hubbub.transports.listening import (
    CannotListen,
    Listening,
    descriptors_of_manager,
    listen_at,
    listen_on_path,
    listen_passed,
)


class Command(BaseCommand):
    help = "Serves UI, REST and sockets. Brings the database up to date first."
    requires_system_checks = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._place = place_of_worker(os.environ)

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Run the system checks, unless this is a worker: the supervisor has run them."""
        if not self._place:
            super().check(*args, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (default: %(default)s).")
        parser.add_argument("--port", type=int, default=8000, help="Port to listen on (default: %(default)s).")
        parser.add_argument("--uds", metavar="PATH", help="Listen on a unix socket instead.")
        parser.add_argument("--uds-mode", default="660", help="Who may connect to it (default: %(default)s).")
        parser.add_argument("--fd", type=int, metavar="N", help="Listen on a socket that is open already instead.")
        parser.add_argument("--workers", type=int, metavar="N", help="Processes that serve (default: HUBBUB_WORKERS).")
        parser.add_argument(
            "--no-worker", action="store_true", help="Leave tasks and recurring jobs to `hubbub worker`."
        )
        parser.add_argument("--no-migrate", action="store_true", help="Leave the database as it is.")

    def handle(self, *, workers: int | None, no_worker: bool, no_migrate: bool, **options: Any) -> None:
        background = Background() if hubbub_settings().background and not no_worker else None
        if self._place:
            listening, line = self._place
            WorkerServer(config(), listening, line, background).run(listening.sockets)
            return
        workers = hubbub_settings().workers if workers is None else workers
        if workers < 1:
            raise CommandError("--workers takes a number from 1 on.")
        for problem in check_workers(workers):
            raise CommandError(f"{problem.msg} {problem.hint}")
        try:
            listening = self._listen(**options)
        except CannotListen as error:
            raise CommandError(str(error)) from None
        try:
            self._serve(listening, workers, background, no_migrate)
        finally:
            listening.remove()

    def _listen(self, *, host: str, port: int, uds: str | None, uds_mode: str, fd: int | None, **_: Any) -> Listening:
        """Raises CannotListen, and CommandError for where others than this machine would reach a server in DEBUG."""
        passed = [fd] if fd is not None else [] if uds else descriptors_of_manager(os.environ)
        if not passed:
            refuse_strangers([uds or host])
        if uds:
            try:
                mode = int(uds_mode, 8)
            except ValueError:
                raise CommandError("--uds-mode is an octal number, like 660.") from None
            return listen_on_path(uds, mode)
        listening = listen_passed(passed) if passed else listen_at(host, port)
        refuse_strangers([*listening.hosts, *filter(None, [listening.path])])
        return listening

    def _serve(self, listening: Listening, workers: int, background: Background | None, no_migrate: bool) -> None:
        if not no_migrate:
            call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(f"hubbub is at {listening.name}")
        if workers > 1:
            connections.close_all()
            if not Supervisor(listening, workers).run():
                raise CommandError("hubbub could not begin.")
            return
        with suppress(KeyboardInterrupt):  # uvicorn raises it once it has ended in good order.
            Server(config(), listening, background).run(listening.sockets)


def refuse_strangers(names: Sequence[str]) -> None:
    """Raises CommandError where DEBUG is on and others than this machine would reach the server there."""
    for name in names:
        if settings.DEBUG and not is_loopback(name):
            raise CommandError(
                f"DEBUG is on, so hubbub serves on loopback only, not on {name}. "
                "Set DEBUG=false, SECRET_KEY and ALLOWED_HOSTS in the environment."
            )


def config() -> Any:
    """The configuration of one server process."""
    return server_config(project_application(), log_config=None, log_level=None)
