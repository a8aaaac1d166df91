"""What happens to tasks: the views ask for it here."""

from django.db import transaction

from tasks.models import Task


@transaction.atomic
def create_task(by, title, assignee=None, due=None):
    return Task.objects.create(title=title, created_by=by, assignee=assignee, due=due)


@transaction.atomic
def change_task(by, task, **changes):
    for name, value in changes.items():
        setattr(task, name, value)
    task.save(update_fields=[*changes])
    return task


@transaction.atomic
def finish_task(task):
    task.done = True
    task.save(update_fields=["done"])
    return task


@transaction.atomic
def delete_task(task):
    task.delete()
