"""Where pushes go."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from hubbub.notifications.push.endpoints import MOST_CHARACTERS


class PushSubscription(models.Model):
    """A browser in which a user has turned pushes on. Its endpoint is its own: whoever has it can push to it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    endpoint = models.CharField(max_length=MOST_CHARACTERS, unique=True)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    label = models.CharField(max_length=100, blank=True)
    """What the browser says it is."""
    login = models.CharField(max_length=32, blank=True, db_index=True, editable=False)
    """The sign-in that it goes with; empty where nobody counts it."""
    created_at = models.DateTimeField(default=timezone.now)
    renewed_at = models.DateTimeField(default=timezone.now, db_index=True)
    """When a page in that browser has said last that it goes on."""
    last_success_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    """Since then: those after which nothing was tried again, and those where no answer came in time."""
    away_until = models.DateTimeField(null=True, blank=True)
    """Until then nothing is sent there: its push service did not answer in time."""

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.label or f"browser {self.pk}"
