"""What chat stores. A room is a conversation with a name, which anybody may enter."""

from django.conf import settings
from django.db import models


class Conversation(models.Model):
    """People talking: directly, in a group, or in a named room."""

    class Kind(models.TextChoices):
        DIRECT = "direct", "Direct"
        GROUP = "group", "Group"
        ROOM = "room", "Room"

    kind = models.CharField(max_length=6, choices=Kind.choices)
    title = models.CharField(max_length=120, blank=True)
    room_name = models.CharField(max_length=100, null=True, unique=True)  # noqa: DJ001  null: not a room
    direct_key = models.CharField(max_length=90, null=True, unique=True)  # noqa: DJ001
    """The two people of a direct conversation, so that there is only one; null for other kinds."""
    creator = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    top_number = models.PositiveBigIntegerField(default=0)
    """The number of the last message."""
    created_at = models.DateTimeField(auto_now_add=True)
    active_at = models.DateTimeField(db_index=True)
    """When the last message was sent, or the conversation was made: the order of the list."""

    class Meta:
        # The list of rooms; they are few among all conversations.
        indexes = (models.Index(fields=["id"], name="hubbub_chat_rooms", condition=models.Q(room_name__isnull=False)),)

    def __str__(self) -> str:
        return self.title or self.room_name or f"{self.kind} {self.pk}"


class Participant(models.Model):
    """A user's place in a conversation. In a room it only means that the user has it in the list."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="participants", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    read_number = models.PositiveBigIntegerField(default=0)
    """The number of the last message read; it never goes back."""
    opened = models.BooleanField(default=True, db_default=True)
    """False for who was added by somebody else and has not looked at the conversation since."""
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["conversation", "user"], name="hubbub_chat_participant_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"


class Message(models.Model):
    """A message. Its author's name is kept for guests, and for when the account is gone."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages", db_index=False)
    number = models.PositiveBigIntegerField()
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    sender_name = models.CharField(max_length=150)
    content = models.TextField()
    created_at = models.DateTimeField()
    deleted = models.BooleanField(default=False)
    """For everybody: the content is gone, the place in the conversation stays."""

    class Meta:
        permissions = (("read_private", "Can read messages of private conversations"),)
        constraints = (models.UniqueConstraint(fields=["conversation", "number"], name="hubbub_chat_message_number"),)

    def __str__(self) -> str:
        return f"{self.conversation_id}:{self.number}"


class HiddenMessage(models.Model):
    """A message that a user has deleted for oneself."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="hidden", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["message", "user"], name="hubbub_chat_hidden_once"),)

    def __str__(self) -> str:
        return f"{self.message_id} for {self.user_id}"
