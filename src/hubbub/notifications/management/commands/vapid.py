"""``hubbub vapid``: the key that pushes are signed with."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hubbub.django.conf import hubbub_settings
from hubbub.django.secret import keep_secret


class Command(BaseCommand):
    help = (
        "Makes the key that pushes to closed browsers are signed with, and keeps it in the data directory; in a "
        "Django project it prints the settings instead."
    )
    requires_system_checks = ()  # They would ask for the very thing.

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--print", action="store_true", help="Print the settings, and keep nothing.")
        parser.add_argument(
            "--force", action="store_true", help="Also where there is a key: all browsers then subscribe anew."
        )
        parser.add_argument("--subject", default="", help="Where push services can reach you: mailto:you@example.org")

    def handle(self, *, subject: str, force: bool, **options: Any) -> None:
        try:
            from hubbub.notifications.push.vapid import new_key, public_key

            key = new_key()
        except ImportError:
            raise CommandError("Pushes need a package more: pip install 'hubbub[push]'") from None
        ours = hubbub_settings()
        if ours.vapid_private_key and not force:
            raise CommandError(
                "There is a key already, and browsers that have subscribed by it take pushes by no other. To make "
                "one all the same: --force."
            )
        subject = subject or ours.vapid_subject or "mailto:you@example.org"
        file: Path | None = getattr(settings, "HUBBUB_VAPID_FILE", None)
        if file is None:
            self.stdout.write(
                f'HUBBUB = {{\n    "VAPID_PRIVATE_KEY": "{key}",\n    "VAPID_SUBJECT": "{subject}",\n    # …\n}}'
            )
        elif options["print"]:
            self.stdout.write(f"HUBBUB_VAPID_PRIVATE_KEY={key}\nHUBBUB_VAPID_SUBJECT={subject}")
        else:
            self._keep(file, key, force)
            self.stdout.write(f"The key is in {file}; from the next start on pushes are signed with it.")
            if not ours.vapid_subject:
                self.stdout.write(f"Push services want to know who sends: HUBBUB_VAPID_SUBJECT={subject}")
        self.stdout.write(f"Its public half, which browsers are told: {public_key(key)}")

    def _keep(self, file: Path, key: str, force: bool) -> None:
        try:
            keep_secret(file, key, again=force)
        except FileExistsError:
            raise CommandError(f"There is a key already, in {file}. To make another all the same: --force.") from None
        except OSError as error:
            raise CommandError(f"The key cannot be kept: {error}") from None
