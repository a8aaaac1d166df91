"""Chat in the admin: what staff see of it, and what they do, by the same actions as everybody else.

Django's permissions say who may: ``view_…`` to look, ``change_conversation`` to rename, ``add_participant`` and
``delete_participant``, ``delete_message`` to delete one for everybody, and ``read_private`` to see messages of
conversations that are no rooms.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from hubbub.chat import actions
from hubbub.chat.actions.conversations import MAX_PARTICIPANTS, clean_title
from hubbub.chat.models import Conversation, Message, Participant
from hubbub.django.admin import HubbubAdmin
from hubbub.django.auth import actor_of_request
from hubbub.protocol.errors import HubbubError

_PREVIEW = 80


def _permitted(request: HttpRequest, permission: str) -> bool:
    return request.user.has_perm(f"hubbub_chat.{permission}")


def _user_field(prefix: str) -> str:
    return f"{prefix}__{get_user_model().USERNAME_FIELD}"


@admin.register(Conversation)
class ConversationAdmin(HubbubAdmin):
    """Conversations and rooms. A group can be given another title; everything else follows from what people do."""

    list_display = ("name", "kind", "people", "top_number", "creator", "created_at", "active_at")
    list_filter = ("kind", "active_at")
    list_select_related = ("creator",)
    search_fields = ("title", "room_name", "=pk")
    ordering = ("-active_at",)
    fields = ("title", "kind", "room_name", "creator", "top_number", "created_at", "active_at", "see")
    readonly_fields = ("kind", "room_name", "creator", "top_number", "created_at", "active_at", "see")

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:  # type: ignore[override]
        renamable = obj is None or obj.kind == Conversation.Kind.GROUP
        return renamable and _permitted(request, "change_conversation")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        found: QuerySet[Conversation] = super().get_queryset(request)
        return found.annotate(people_count=Count("participants"))

    def save_model(self, request: HttpRequest, obj: Conversation, form: Any, change: bool) -> None:
        actions.rename_conversation(actor_of_request(request), obj.pk, obj.title)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "title":
            field.validators.append(_checked_title)
        return field

    @admin.display(description="name")
    def name(self, conversation: Conversation) -> str:
        return str(conversation)

    @admin.display(description="people", ordering="people_count")
    def people(self, conversation: Conversation) -> int:
        return int(vars(conversation)["people_count"])

    @admin.display(description="see")
    def see(self, conversation: Conversation) -> str:
        query = f"?conversation__id__exact={conversation.pk}"
        return format_html(
            '<a href="{}">People</a> · <a href="{}">Messages</a>',
            reverse("admin:hubbub_chat_participant_changelist") + query,
            reverse("admin:hubbub_chat_message_changelist") + query,
        )


def _checked_title(title: str) -> None:
    try:
        clean_title(title)
    except HubbubError as error:
        raise ValidationError(error.message) from None


class ParticipantForm(ModelForm):  # type: ignore[type-arg]
    """A user for a group; what the action would refuse is said at the field."""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        conversation = given.get("conversation")
        if conversation is not None and conversation.kind != Conversation.Kind.GROUP:
            self.add_error("conversation", "Only a group's participants can change.")
        elif conversation is not None and conversation.participants.count() >= MAX_PARTICIPANTS:
            self.add_error("conversation", f"A group has at most {MAX_PARTICIPANTS} people.")
        user = given.get("user")
        if user is not None and not user.is_active:
            self.add_error("user", "This account is deactivated.")
        return given


@admin.register(Participant)
class ParticipantAdmin(HubbubAdmin):
    """Who takes part where. Adding and removing is seen at once by everybody there."""

    form = ParticipantForm
    list_display = ("user", "conversation", "kind", "read_number", "joined_at")
    list_filter = ("conversation__kind", "joined_at")
    list_select_related = ("user", "conversation")
    ordering = ("-pk",)
    raw_id_fields = ("conversation", "user")
    actions = ("remove",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (_user_field("user"), "conversation__title", "conversation__room_name", "=conversation__pk")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def get_fields(self, request: HttpRequest, obj: Participant | None = None) -> tuple[str, ...]:
        return ("conversation", "user") if obj is None else ("conversation", "user", "read_number", "joined_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _permitted(request, "add_participant")

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return _permitted(request, "delete_participant")

    def save_model(self, request: HttpRequest, obj: Participant, form: Any, change: bool) -> None:
        actions.admit_user(actor_of_request(request), obj.conversation_id, obj.user)
        # The log entry and the page that follows are about the row that the action has made.
        obj.pk = Participant.objects.get(conversation_id=obj.conversation_id, user_id=obj.user_id).pk

    @admin.action(description="Remove from the conversation", permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Participant]) -> None:
        done = 0
        for row in queryset.select_related("user", "conversation"):
            try:
                actions.dismiss_participant(actor_of_request(request), row.pk)
            except HubbubError as error:
                self.message_user(request, f"{row.user} in {row.conversation}: {error.message}", messages.ERROR)
                continue
            self.log_change(request, row, f"Removed {row.user} from {row.conversation}.")
            done += 1
        if done:
            self.message_user(request, f"Removed: {done}.")

    @admin.display(ordering="conversation__kind")
    def kind(self, row: Participant) -> str:
        return row.conversation.get_kind_display()


@admin.register(Message)
class MessageAdmin(HubbubAdmin):
    """Messages, of rooms, and of all conversations for those who may read private ones."""

    list_display = ("preview", "author", "conversation", "number", "created_at", "deleted")
    list_filter = ("deleted", "conversation__kind", "created_at")
    list_select_related = ("sender", "conversation")
    ordering = ("-pk",)
    fields = ("content", "author", "conversation", "number", "created_at", "deleted")
    actions = ("delete_for_everybody",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("content", "sender_name", _user_field("sender"))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        found = super().get_queryset(request)
        if _permitted(request, "read_private"):
            return found
        return found.filter(conversation__kind=Conversation.Kind.ROOM)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return _permitted(request, "delete_message")

    @admin.action(description="Delete for everybody", permissions=["moderate"])
    def delete_for_everybody(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        going = list(queryset.filter(deleted=False))
        for message in going:
            actions.delete_message(actor_of_request(request), message.pk)
            self.log_change(request, message, "Deleted for everybody.")
        self.message_user(request, f"Deleted for everybody: {len(going)}.")

    @admin.display(description="message")
    def preview(self, message: Message) -> str:
        if message.deleted:
            return "(deleted)"
        return message.content if len(message.content) <= _PREVIEW else f"{message.content[:_PREVIEW]}…"

    @admin.display(ordering="sender_name")
    def author(self, message: Message) -> str:
        return message.sender.get_username() if message.sender else message.sender_name
