"""``hubbub prune``: forget what is older than the settings say."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from hubbub.django import background as background  # It registers what it forgets.
from hubbub.django.retention import pruners


class Command(BaseCommand):
    help = (
        "Deletes what is past its time: events of streams, receipts, spent tokens, old sign-ins, tasks. Messages stay. "
        "Safe beside a running server, and at any time again: it deletes a bounded number of rows per transaction. "
        "`serve` and `worker` do the same every hour."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--batch", type=int, default=1000, help="Rows of one transaction at most (default: %(default)s)."
        )

    def handle(self, *, batch: int, **options: Any) -> None:
        for name, prune in pruners.items():
            total = 0
            while gone := prune(max(1, batch)):
                total += gone
            self.stdout.write(f"{name}: {total}")
