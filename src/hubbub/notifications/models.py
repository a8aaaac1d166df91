"""What notifications store: one row each, one per user for what is counted, and what is to be sent later."""

from django.apps import apps
from django.conf import settings
from django.db import models

from hubbub.django.notifying import LEVELS


class Box(models.Model):
    """A user's place: how many have come, up to where is read, how many are unread, and the quiet hours.

    Whoever changes a user's notifications locks this row first.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="hubbub_notification_box"
    )
    top = models.PositiveBigIntegerField(default=0)
    """The number of the latest notification."""
    read_number = models.PositiveBigIntegerField(default=0)
    """The cursor: up to this number all are read, but for those that say otherwise. It never goes back."""
    unread = models.PositiveBigIntegerField(default=0)
    quiet_begins = models.TimeField(null=True)
    """Null: no quiet hours."""
    quiet_ends = models.TimeField(null=True)
    timezone = models.CharField(max_length=64, default="UTC")
    shown_number = models.PositiveBigIntegerField(default=0)
    """Up to this one a page that the user looked at has shown them: no push is needed."""

    class Meta:
        verbose_name_plural = "boxes"

    def __str__(self) -> str:
        return f"{self.unread} unread of {self.user_id}"


class Notification(models.Model):
    """A notification of one user. ``number`` counts from 1 for each user, and is the order of the list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveBigIntegerField()
    """One that is counted up gets a new one, and so comes on top."""
    kind = models.CharField(max_length=60)
    level = models.CharField(max_length=7, default="info")
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    link = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    target_type = models.CharField(max_length=201, null=True)  # noqa: DJ001 (SQLite's index needs the null)
    """The label of the model that it is about: ``tasks.task``. No key to Django's content types: these may be in
    another database than hubbub."""
    target_id = models.CharField(max_length=64, blank=True)
    group = models.CharField(max_length=100, blank=True)
    """Another one of this group is counted up while it is unread."""
    count = models.PositiveIntegerField(default=1)
    data = models.JSONField(default=dict, blank=True)
    read = models.BooleanField(null=True)
    """Null: as the user's cursor says."""
    created_at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "number"], name="hubbub_notification_number"),)
        indexes = (
            models.Index(
                fields=["group", "user", "-number"], name="hubbub_notification_by_group", condition=~models.Q(group="")
            ),
            # The few that are unread below the cursor.
            models.Index(fields=["user", "number"], name="hubbub_notification_unread", condition=models.Q(read=False)),
            models.Index(
                fields=["target_type", "target_id"],
                name="hubbub_notification_target",
                condition=models.Q(target_type__isnull=False),
            ),
            models.Index(
                fields=["expires_at"], name="hubbub_notification_expires", condition=models.Q(expires_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def target(self) -> models.Model | None:
        """What it is about, by a query; None without one, and where it, or its model, is gone."""
        if self.target_type is None:
            return None
        try:
            model = apps.get_model(self.target_type)
        except LookupError:
            return None
        found: models.Model | None = model._base_manager.filter(pk=self.target_id).first()
        return found


class Preference(models.Model):
    """Whether a user wants notifications of a kind by a channel, where that is not the kind's default."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=60)
    channel = models.CharField(max_length=30)
    on = models.BooleanField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "kind", "channel"], name="hubbub_notification_preference"),
        )

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {'on' if self.on else 'off'}"


class Scheduled(models.Model):
    """A notice that is to be told at its time."""

    due_at = models.DateTimeField()
    user_ids = models.JSONField()
    notice = models.TextField()
    """A ``Notice`` as JSON."""
    target = models.CharField(max_length=200, blank=True)
    """What it is about, so that it can be withdrawn: ``tasks.task 31``."""
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    """Why it could not be told, the last time that it was tried."""
    given_up = models.BooleanField(default=False)

    class Meta:
        verbose_name = "scheduled notification"
        indexes = (
            models.Index(fields=["due_at"], name="hubbub_scheduled_due", condition=models.Q(given_up=False)),
            models.Index(fields=["target"], name="hubbub_scheduled_target", condition=~models.Q(target="")),
        )

    def __str__(self) -> str:
        return f"{self.due_at:%Y-%m-%d %H:%M:%S}"


class Schedule(models.Model):
    """A notification that is told again and again: every so often, or at a time of day."""

    name = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    kind = models.CharField(max_length=60, default="general")
    level = models.CharField(max_length=7, default="info", choices=[(each, each) for each in LEVELS])
    link = models.CharField(max_length=500, blank=True)
    group = models.CharField(max_length=100, blank=True)
    users = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    audience = models.CharField(max_length=80, blank=True, help_text="Instead of users: everyone, staff, team.7, …")
    every = models.DurationField(null=True, blank=True, help_text="01:00:00 is every hour; or else a time of day:")
    at = models.TimeField(null=True, blank=True)
    days = models.CharField(max_length=27, blank=True, help_text="mon tue wed thu fri; none for every day.")
    timezone = models.CharField(max_length=64, default="UTC")
    next_at = models.DateTimeField(null=True, blank=True)
    """Null: it rests, as it cannot be said when it is due next."""
    active = models.BooleanField(default=True)
    error = models.TextField(blank=True, default="", db_default="", editable=False)
    """Why it could not be told the last time, or rests."""

    class Meta:
        indexes = (models.Index(fields=["next_at"], name="hubbub_schedule_next", condition=models.Q(active=True)),)

    def __str__(self) -> str:
        return self.name


from hubbub.notifications.digests.models import Digest as Digest  # noqa: E402
from hubbub.notifications.digests.models import DigestItem as DigestItem  # noqa: E402
from hubbub.notifications.push.models import PushSubscription as PushSubscription  # noqa: E402
