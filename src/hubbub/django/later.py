"""Django's tasks, wherever they come from: Django 6 has its own, Django 5.2 the package of the same authors."""

from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING or django.VERSION < (6,):
    from django_tasks import default_task_backend, task
else:
    from django.tasks import default_task_backend, task

__all__ = ["can_wait", "task"]


def can_wait() -> bool:
    """Whether a task may be put on the queue for later, as the queue in the database takes it.

    Where there is none, a task runs at once, in the transaction of whoever enqueues it.
    """
    backend: Any = default_task_backend
    return bool(backend.supports_defer)
