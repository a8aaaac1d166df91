"""What goes on behind the requests, done at once in a test: listeners, tasks, and the time until these are due."""

from __future__ import annotations

from datetime import datetime

from django.utils.module_loading import import_string
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from hubbub.testing import hear_events


def background(*, tasks: int | None = None, until: datetime | None = None) -> None:
    """Let listeners hear, and run the tasks that they and each other put on the queue, as if the time had come.

    ``tasks``: so many at most. ``until``: only those that are due by then.
    """
    hear_events()
    done = 0
    while tasks is None or done < tasks:
        waiting = DBTaskResult.objects.filter(status=TaskResultStatus.READY).order_by("run_after", "enqueued_at")
        task = (waiting.filter(run_after__lte=until) if until else waiting).first()
        if task is None:
            return
        DBTaskResult.objects.filter(pk=task.pk).update(status=TaskResultStatus.RUNNING)
        import_string(task.task_path).func(*task.args_kwargs["args"], **task.args_kwargs["kwargs"])
        DBTaskResult.objects.filter(pk=task.pk).update(status=TaskResultStatus.SUCCESSFUL)
        done += 1
        hear_events()
