"""The jobs that run, and those that have ended in the last days."""

from django.conf import settings
from django.db import models

TITLE_LENGTH = 200
TEXT_LENGTH = 500


class Job(models.Model):
    """Something done for a user in the background, from its beginning to its end."""

    class Outcome(models.TextChoices):
        RUNNING = "", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    title = models.CharField(max_length=TITLE_LENGTH)
    fraction = models.FloatField(default=0.0)
    message = models.CharField(max_length=TEXT_LENGTH, blank=True)
    link = models.CharField(max_length=TEXT_LENGTH, blank=True)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True)
    started_at = models.DateTimeField()
    alive_at = models.DateTimeField()
    """When its process last said that it runs; the end, where it has ended."""

    class Meta:
        # Those that run are few beside those that have ended.
        indexes = (
            models.Index(fields=["user"], name="hubbub_progress_of_user"),
            models.Index(fields=["outcome", "alive_at"], name="hubbub_progress_alive"),
        )

    def __str__(self) -> str:
        return self.title
