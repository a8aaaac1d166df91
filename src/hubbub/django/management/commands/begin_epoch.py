"""``hubbub begin_epoch``: after a backup was restored, tells every client to start afresh."""

from typing import Any

from django.core.management.base import BaseCommand

from hubbub.django.streams import DjangoStreamStore


class Command(BaseCommand):
    help = (
        "Begins a new epoch in all streams and prints it. Run it after restoring a backup, before clients connect: "
        "their positions may stand for events that are gone. Processes that run already hear of it within a second."
    )

    def handle(self, **options: Any) -> None:
        self.stdout.write(DjangoStreamStore().begin_epoch())
