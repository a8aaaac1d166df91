from django.conf import settings
from django.db import models

import hubbub


def may_see(actor, topic):
    return actor.user_id is not None


@hubbub.publishes(topic="tasks", may_see=may_see, serializer="tasks.serializers.TaskSerializer", related=["assignee"])
class Task(models.Model):
    """Something to do, and who does it."""

    title = models.CharField(max_length=200)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="created_tasks")
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="tasks")
    due = models.DateTimeField(null=True, blank=True)
    done = models.BooleanField(default=False)

    class Meta:
        ordering = ["done", "-id"]

    def __str__(self):
        return self.title
