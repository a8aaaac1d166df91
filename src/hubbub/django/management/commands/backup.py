"""``hubbub backup``: database and uploads in one file, while the server runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hubbub.django.backups import BackupError, forget_backups, make_backup


class Command(BaseCommand):
    help = (
        "Writes database and uploads into one file, beside a running server. Whatever was acknowledged before is in "
        "it. The environment is not: keep SECRET_KEY elsewhere. `restore` makes a database from it."
    )
    # What is wrong with the settings is no reason to have no backup.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="The file, or a folder that is there, for a name by the time.")
        parser.add_argument("--keep", type=int, metavar="N", help="Delete all but the newest N in that folder.")

    def handle(self, *, path: Path, keep: int | None, **options: Any) -> None:
        if keep is not None and (keep < 1 or not path.is_dir()):
            raise CommandError("--keep takes a number from 1 on, and a folder as the path.")
        try:
            made = make_backup(path)
        except (BackupError, OSError) as error:
            raise CommandError(f"There is no backup. {error}") from None
        self.stdout.write(f"{made}: {made.stat().st_size:,} bytes")
        for gone in forget_backups(path, keep) if keep else []:
            self.stdout.write(f"{gone} is deleted")
