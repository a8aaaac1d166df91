import os

from django.apps import AppConfig


class ChoresConfig(AppConfig):
    name = "tests.processes.chores"

    def ready(self) -> None:
        from hubbub.django.retention import recur
        from tests.processes.chores.tasks import note

        if os.environ.get("CHORES"):
            recur("chore", 2.0, lambda: note("chore"))
