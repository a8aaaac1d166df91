"""What happens to tasks: the views ask for it here."""

from django.db import transaction

from tasks.models import Task


@transaction.atomic
def create_task(by, title, assignee=None, due=None):
    return Task.objects.create(title=title, created_by=by, assignee=assignee, due=due)


@transaction.atomic
def assign_task(by, task, assignee):
    task.assignee = assignee
    task.save(update_fields=["assignee"])
    return task


@transaction.atomic
def finish_task(task):
    task.done = True
    task.save(update_fields=["done"])
    return task
