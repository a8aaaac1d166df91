"""Notifications in the admin: to look at and to withdraw; what is scheduled, to cancel; schedules, to make.

What a notification says is between its sender and its user: only who may view them here sees it.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from hubbub.django.admin import HubbubAdmin
from hubbub.django.auth import actor_of_request
from hubbub.notifications import actions
from hubbub.notifications.digests import admin as digests_admin  # noqa: F401
from hubbub.notifications.models import Notification, Schedule, Scheduled
from hubbub.notifications.push import admin as push_admin  # noqa: F401


@admin.register(Notification)
class NotificationAdmin(HubbubAdmin):
    """What users have been told, the newest first."""

    list_display = ("id", "user", "kind", "level", "title", "count", "created_at", "expires_at")
    list_select_related = ("user",)
    list_filter = ("level", "created_at")
    search_fields = ("=user__pk", "=kind")
    search_help_text = "A user's id, or a kind."
    ordering = ("-created_at",)
    actions = ("withdraw",)

    @admin.action(description="Withdraw", permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        rows = list(queryset)
        count = actions.withdraw(actor_of_request(request), ids=[row.pk for row in rows])
        for row in rows:
            self.log_change(request, row, "Withdrawn.")
        messages.success(request, f"{count} withdrawn.")

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("hubbub_notifications.delete_notification")


@admin.register(Scheduled)
class ScheduledAdmin(HubbubAdmin):
    """What is to be told, the next first. To delete one is to cancel it."""

    list_display = ("due_at", "recipients", "target", "attempts", "given_up", "error")
    list_filter = ("given_up",)
    ordering = ("due_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("hubbub_notifications.delete_scheduled")

    @admin.display(description="recipients")
    def recipients(self, row: Scheduled) -> int:
        return len(row.user_ids)


class ScheduleForm(ModelForm):  # type: ignore[type-arg]
    """Checks that somebody is told something at some time."""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        row = Schedule(**{name: given.get(name) for name in _FIELDS if name != "users" and name in given})
        try:
            actions.check_schedule(row)
        except (ValueError, TypeError) as error:
            raise ValidationError(str(error)) from None
        if bool(given.get("audience")) == bool(given.get("users")):
            raise ValidationError("Name either users or an audience.")
        return given


_FIELDS = (
    "name", "title", "body", "kind", "level", "link", "group", "users", "audience", "every", "at", "days", "timezone",
    "active",
)  # fmt: skip


@admin.register(Schedule)
class ScheduleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What is told again and again; everybody who may change them may make and delete them, as in Django's own."""

    form = ScheduleForm
    list_display = ("name", "title", "audience", "next_at", "active", "error")
    list_filter = ("active",)
    search_fields = ("name", "title")
    ordering = ("name",)
    fields = _FIELDS
    raw_id_fields = ("users",)

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        actions.save_schedule(actor_of_request(request), obj)
