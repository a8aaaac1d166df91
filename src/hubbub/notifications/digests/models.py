"""When a user is mailed, and what about."""

from django.conf import settings
from django.db import models


class Digest(models.Model):
    """How a user wants to be mailed, and when the next one is due. No row: as the defaults say, nothing due."""

    class Every(models.TextChoices):
        OFF = "off", "never"
        SOON = "soon", "soon after it happens"
        HOUR = "hourly", "once an hour"
        DAY = "daily", "once a day"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    every = models.CharField(max_length=6, choices=Every.choices, default=Every.HOUR)
    hour = models.PositiveSmallIntegerField(default=8)
    """Of the day, in the time zone of the user's box: for daily ones."""
    due = models.DateTimeField(null=True, blank=True, db_index=True)
    """Null: nothing waits."""
    tries = models.PositiveSmallIntegerField(default=0)
    """Of the one that is due: those that have failed."""
    sent_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.get_every_display()} to user {self.user_id}"


class DigestItem(models.Model):
    """A notification that the next digest of its user is to tell of, if it is unread then."""

    notification = models.OneToOneField(
        "hubbub_notifications.Notification", models.CASCADE, primary_key=True, related_name="+"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    number = models.PositiveBigIntegerField()
    """The notification's, when it was put here last."""

    def __str__(self) -> str:
        return f"notification {self.notification_id}"
