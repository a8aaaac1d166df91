"""``hubbub check_channels``: whether the channel layer and the database do what hubbub needs of them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hubbub.django.probe import look


class Command(BaseCommand):
    help = (
        "Sends a message through the channel layer, to a channel and to a group, and writes an event into the "
        "database and reads it back; nothing of it stays. Says how long each took, what is wrong, and what to do. "
        "The exit code is 1 where something failed."
    )
    # A layer or database that is not there is what it is about, not a reason not to begin.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--timeout", type=float, default=5.0, help="Seconds that a message may take (default: %(default)s)."
        )

    def handle(self, *, timeout: float, **options: Any) -> None:
        failed = 0
        for found in look(timeout):
            style = self.style.ERROR if found.failed else self.style.SUCCESS
            self.stdout.write(style(str(found)))
            failed += found.failed
        if failed:
            raise CommandError("The check failed; what to do stands above.")
        self.stdout.write("All is well.")
