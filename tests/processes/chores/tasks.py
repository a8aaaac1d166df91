import os
import time
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django_tasks import task

from hubbub import Happened
from hubbub.django.models import RecurringJob


def note(what: str) -> None:
    with Path(os.environ["CHORES"]).open("a") as file:
        file.write(f"{what} {os.getpid()}\n")


@task()
def write(what: str) -> None:
    note(what)


@task()
def hang(what: str, seconds: float) -> None:
    note(what)
    time.sleep(seconds)
    note(f"{what}-ended")


@task()
def hang_writing(what: str, seconds: float) -> None:
    with transaction.atomic():
        RecurringJob.objects.create(name=what, due=timezone.now())
        note(what)
        time.sleep(seconds)


def hear(event: Happened) -> None:
    """Writes a row that there can be only once. At the first message that says so it hangs, having written."""
    said = event.data.message.content
    RecurringJob.objects.create(name=f"heard {said}", due=timezone.now())
    note(f"heard-{said.split()[-1]}")
    if said == "hang" and Path(os.environ["CHORES"]).read_text().count("heard-hang ") == 1:
        time.sleep(60)
