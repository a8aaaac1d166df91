"""The durable log: streams, their events, and receipts; who has heard them; and when what recurs is due."""

from django.db import models


class Stream(models.Model):
    """One topic's log. The row with the empty topic carries the epoch of new streams.

    ``top`` is taken with an UPDATE inside the transaction that changes the state: the row lock makes
    offsets commit in order, and a rolled back one is taken again.
    """

    topic = models.CharField(max_length=90, unique=True)
    epoch = models.CharField(max_length=16)
    first = models.PositiveBigIntegerField(default=1)
    top = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.topic} at {self.top}"


class Event(models.Model):
    """One durable event. ``id`` is for following the whole log; order within a topic is ``offset``."""

    id = models.BigAutoField(primary_key=True)
    stream = models.ForeignKey(Stream, models.CASCADE, related_name="events", db_index=False)
    offset = models.PositiveBigIntegerField()
    type = models.CharField(max_length=100)
    data = models.TextField()
    """JSON as it goes out: it is stored, read and sent without being decoded."""
    author = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        permissions = (("read_event_data", "Can read what events say, private messages among them"),)
        constraints = (models.UniqueConstraint(fields=["stream", "offset"], name="hubbub_event_offset"),)

    def __str__(self) -> str:
        return f"{self.type} {self.offset}"


class Receipt(models.Model):
    """The reply to a command that carried a ``client_id``, so that a repeat gets the same."""

    author = models.CharField(max_length=80)
    client_id = models.CharField(max_length=64)
    action = models.CharField(max_length=100)
    reply = models.TextField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["author", "client_id"], name="hubbub_receipt_once"),)

    def __str__(self) -> str:
        return f"{self.action} {self.client_id}"


class RecurringJob(models.Model):
    """A job that one process at a time does, and when it is due next."""

    name = models.CharField(max_length=100, primary_key=True)
    due = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}, due {self.due:%Y-%m-%d %H:%M:%S}"


class ListenerPlace(models.Model):
    """Where in the log a listener stands; what that means is told in ``places``. Locked by who calls the listener."""

    name = models.CharField(max_length=200, primary_key=True)
    event_id = models.PositiveBigIntegerField()
    seen = models.TextField(blank=True)
    upto = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)
    """How often it has failed at the event that comes next."""
    retry_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.event_id}"
