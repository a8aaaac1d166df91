import os
import time
from pathlib import Path

from django_tasks import task


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
