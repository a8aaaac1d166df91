"""What happens to tasks: the views ask for it here."""

from datetime import timedelta

from django.db import transaction

import hubbub
from hubbub.notifications import withdraw
from tasks.models import Task

AHEAD = timedelta(hours=1)
"""So long before it is due somebody is reminded of a task."""


def tell_assignee(by, task):
    """Whoever gets a task hears of it, and is reminded of it; who takes one knows already."""
    if task.assignee and task.assignee != by:
        title = f"{by} has a task for you"
        hubbub.notify(task.assignee, title, body=task.title, kind="task", link="/", actor=by, target=task)
    if task.assignee and task.due:
        title, at = f"{task} is due soon", task.due - AHEAD
        hubbub.notify(task.assignee, title, kind="task", level="warning", link="/", target=task, at=at)


@transaction.atomic
def create_task(by, title, assignee=None, due=None):
    task = Task.objects.create(title=title, created_by=by, assignee=assignee, due=due)
    tell_assignee(by, task)
    return task


@transaction.atomic
def change_task(by, task, **changes):
    for name, value in changes.items():
        setattr(task, name, value)
    task.save(update_fields=[*changes])
    if not task.done:
        withdraw(target=task)
        tell_assignee(by, task)
    return task


@transaction.atomic
def finish_task(task):
    withdraw(target=task)
    task.done = True
    task.save(update_fields=["done"])
    return task


@transaction.atomic
def delete_task(task):
    withdraw(target=task)
    task.delete()
