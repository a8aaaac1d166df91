"""How it is looked for what is due: stopped at any moment, and on a connection that stays."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from hubbub.django.background import Background


@pytest.mark.django_db
def test_it_is_stopped_as_a_task_is_about_to_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """JOB-2: whatever the moment, nothing more is begun."""
    background, ran = Background(), []

    class Stopped(db_worker.Worker):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            background.stop()

        def run_task(self, task: DBTaskResult[Any, Any]) -> None:
            ran.append(task)

    monkeypatch.setattr(db_worker, "Worker", Stopped)
    now = timezone.now()
    DBTaskResult.objects.create(
        args_kwargs={}, task_path="a.task", backend_name="default", run_after=now, exception_class_path="", traceback=""
    )
    background._run_tasks()
    assert not ran
    assert DBTaskResult.objects.ready().count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_keeps_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking every second is no reason to open the database every second, whatever requests do."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    background, found = Background(), []

    def look() -> float:
        connection.ensure_connection()
        found.append(connection.connection)
        if len(found) == 3:
            background.stop()
        return 0.0

    looking = threading.Thread(target=background._repeat, args=("tests", look))
    looking.start()
    looking.join()
    assert found[0] is found[1] is found[2]
