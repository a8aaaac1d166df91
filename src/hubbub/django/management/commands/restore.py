"""``hubbub restore``: make the database from a backup."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hubbub.django.backups import BackupError, restore_backup


class Command(BaseCommand):
    help = (
        "Makes an empty database, and the uploads, from what `backup` has written; brings the tables up to date; and "
        "begins a new epoch, so that clients read afresh. Stop the server first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="The file.")

    def handle(self, *, path: Path, **options: Any) -> None:
        try:
            manifest = restore_backup(path)
        except (BackupError, OSError) as error:
            raise CommandError(f"Nothing is restored. {error}") from None
        self.stdout.write(f"This is how it was at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC. Start the server.")
