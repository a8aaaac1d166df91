"""What announcements store: a row for each, whoever it is for; and how far each user has seen each audience's."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from hubbub.django.audiences import MAX_KEY, Audience


class Announcement(models.Model):
    """Something said to an audience, or to be said at a time."""

    class Level(models.TextChoices):
        INFO = "info", "Info"
        SUCCESS = "success", "Success"
        WARNING = "warning", "Warning"
        DANGER = "danger", "Danger"

    number = models.PositiveBigIntegerField(null=True, unique=True)
    """The order in which announcements begin, over all audiences; null until it has begun."""
    audience = models.CharField(max_length=MAX_KEY)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    level = models.CharField(max_length=7, choices=Level.choices, default=Level.INFO)
    link = models.CharField(max_length=500, blank=True)
    banner = models.BooleanField(default=True)
    """Whether it is shown across the page, or only where notifications are."""
    acknowledge = models.BooleanField(default=False)
    """Whether everybody is asked to say that they have read it."""
    begins_at = models.DateTimeField(default=timezone.now)
    counts_to = models.DateTimeField(null=True, blank=True)
    """To when a clock runs beside it."""
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = (
            models.Index(
                fields=["audience", "number"],
                name="hubbub_announcements_live",
                condition=models.Q(number__isnull=False, withdrawn_at__isnull=True),
            ),
            models.Index(
                fields=["begins_at"],
                name="hubbub_announcements_due",
                condition=models.Q(number__isnull=True, withdrawn_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def topic(self) -> str:
        return Audience(self.audience).topic


class Series(models.Model):
    """One row: the number of the last announcement. It is locked while one begins, so numbers commit in order."""

    top = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.top)


class Seen(models.Model):
    """How far a user has seen an audience's announcements: a cursor, which never goes back."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    audience = models.CharField(max_length=MAX_KEY)
    number = models.PositiveBigIntegerField(default=0)
    """The number of the last announcement that the user has seen."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "audience"], name="hubbub_announcements_seen_once"),)
        indexes = (models.Index(fields=["audience", "number"], name="hubbub_announcements_who"),)

    def __str__(self) -> str:
        return f"{self.audience} up to {self.number}"


class Acknowledgement(models.Model):
    """A user has said to have read an announcement that asks for it."""

    announcement = models.ForeignKey(Announcement, models.CASCADE, related_name="acknowledgements", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["announcement", "user"], name="hubbub_announcements_acknowledged_once"),
        )

    def __str__(self) -> str:
        return f"acknowledged {self.at:%Y-%m-%d %H:%M}"
