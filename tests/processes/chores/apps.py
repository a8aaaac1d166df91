import os

from django.apps import AppConfig


class ChoresConfig(AppConfig):
    name = "tests.processes.chores"

    def ready(self) -> None:
        from hubbub import on_event
        from hubbub.django.retention import recur
        from tests.processes.chores.tasks import hear, note

        if os.environ.get("CHORES"):
            on_event("chat.message_sent", name="chores")(hear)
            recur("chore", 2.0, lambda: note("chore"))
