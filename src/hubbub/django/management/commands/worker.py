"""``hubbub worker``: run tasks and recurring jobs, in a process of their own."""

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from hubbub.django.background import Background


class Command(BaseCommand):
    help = (
        "Runs Django tasks and what recurs: forgetting what is old. Any number of them may run, also beside "
        "`serve`, which does the same unless it is started with --no-worker."
    )
    requires_system_checks = "__all__"

    def handle(self, **options: Any) -> None:
        background = Background()

        def stop(number: int, frame: FrameType | None) -> None:
            """End after what runs now; at the second signal, at once."""
            for each in (signal.SIGTERM, signal.SIGINT):
                signal.signal(each, signal.SIG_DFL)
            background.stop()

        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, stop)
        self.stdout.write("hubbub's worker waits for tasks.")
        # In other threads: a handler that sets an event must not interrupt who is about to wait for it.
        background.start()
        background.wait()
