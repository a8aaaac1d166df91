"""``hubbub serve``: migrate, then serve UI, REST and sockets with uvicorn."""

from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from hubbub.django.application import project_application
from hubbub.django.loopback import is_loopback
from hubbub.django.serving import server_config
from hubbub.transports.uvicorn.server import HubbubServer


class Command(BaseCommand):
    help = "Serves UI, REST and sockets. Brings the database up to date first."
    requires_system_checks = "__all__"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (default: %(default)s).")
        parser.add_argument("--port", type=int, default=8000, help="Port to listen on (default: %(default)s).")
        parser.add_argument("--no-migrate", action="store_true", help="Leave the database as it is.")

    def handle(self, *, host: str, port: int, no_migrate: bool, **options: Any) -> None:
        if settings.DEBUG and not is_loopback(host):
            raise CommandError(
                f"DEBUG is on, so hubbub serves on loopback only, not on {host}. "
                "Set DEBUG=false, SECRET_KEY and ALLOWED_HOSTS in the environment."
            )
        if not no_migrate:
            call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(f"hubbub is at http://{f'[{host}]' if ':' in host else host}:{port}/")
        server = HubbubServer(server_config(project_application(), host, port, log_config=None, log_level=None))
        with suppress(KeyboardInterrupt):  # uvicorn raises it once it has ended in good order.
            server.run()
        if not server.started:
            raise CommandError(f"Could not listen on {host}:{port}. Is something else there? Try --port.")
