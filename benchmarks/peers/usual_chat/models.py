from django.conf import settings
from django.db import models


class Room(models.Model):
    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="rooms")
    top = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Message(models.Model):
    room = models.ForeignKey(Room, models.CASCADE, related_name="messages")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    content = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.sender_id} in {self.room_id}"


class StreamRow(models.Model):
    """What happened in a room, in order: what somebody who was away could be told."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="stream")
    offset = models.PositiveBigIntegerField()
    data = models.TextField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["room", "offset"], name="one_order"),)

    def __str__(self) -> str:
        return f"{self.room_id}:{self.offset}"
