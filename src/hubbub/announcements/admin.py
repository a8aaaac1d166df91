"""Announcements in the admin, by the same actions as everywhere. Django's permissions say who may."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from hubbub.announcements import actions, queries
from hubbub.announcements.contents import CONTENTS, check, check_audience
from hubbub.announcements.models import Announcement
from hubbub.django.admin import HubbubAdmin
from hubbub.django.auth import actor_of_request
from hubbub.protocol.errors import HubbubError

AUDIENCE_HELP = "everyone, staff, users, or a kind and an id: group.3, team.7, set.2, conversation.42"


class AnnouncementForm(ModelForm):  # type: ignore[type-arg]
    """What the action would refuse is said here."""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        fields = (*CONTENTS, "audience", "begins_at")
        row = Announcement(**{name: given.get(name, getattr(self.instance, name)) for name in fields})
        try:
            check(row)
        except HubbubError as error:
            raise ValidationError(error.message) from None
        return given


@admin.register(Announcement)
class AnnouncementAdmin(HubbubAdmin):
    """What is, was and will be announced. What has begun can be changed and withdrawn; its audience stays."""

    form = AnnouncementForm
    list_display = ("title", "audience", "level", "state", "begins_at", "expires_at", "author")
    list_filter = ("level", "begins_at")
    list_select_related = ("author",)
    search_fields = ("title", "=audience")
    ordering = ("-pk",)
    actions = ("withdraw",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("hubbub_announcements.add_announcement")

    def has_change_permission(self, request: HttpRequest, obj: Announcement | None = None) -> bool:  # type: ignore[override]
        changeable = obj is None or obj.withdrawn_at is None
        return changeable and request.user.has_perm("hubbub_announcements.change_announcement")

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("hubbub_announcements.delete_announcement")

    def get_fields(self, request: HttpRequest, obj: Announcement | None = None) -> tuple[str, ...]:
        fields = ("audience", *CONTENTS, "begins_at")
        return fields if obj is None else (*fields, "state", "author", "created_at", "readers")

    def get_readonly_fields(self, request: HttpRequest, obj: Announcement | None = None) -> tuple[str, ...]:
        shown = ("state", "author", "created_at", "readers")
        begun = obj is not None and obj.number is not None
        return () if obj is None else ("audience", *(("begins_at",) if begun else ()), *shown)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "audience":
            field.help_text = AUDIENCE_HELP
        return field

    def save_model(self, request: HttpRequest, obj: Announcement, form: Any, change: bool) -> None:
        who, content = actor_of_request(request), {name: getattr(obj, name) for name in CONTENTS}
        if change:
            actions.change(who, obj.pk, content, obj.begins_at if "begins_at" in form.changed_data else None)
        else:
            obj.pk = actions.announce(who, check_audience(obj.audience), content, obj.begins_at).pk

    @admin.action(description="Withdraw", permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Announcement]) -> None:
        going = list(queryset.filter(withdrawn_at=None))
        for row in going:
            actions.withdraw(actor_of_request(request), row.pk)
            self.log_change(request, row, "Withdrawn.")
        self.message_user(request, f"Withdrawn: {len(going)}.")

    @admin.display(description="state")
    def state(self, row: Announcement) -> str:
        if row.withdrawn_at is not None:
            return "withdrawn"
        if row.number is None:
            return "scheduled"
        return "expired" if row.expires_at is not None and row.expires_at <= timezone.now() else "live"

    @admin.display(description="seen and acknowledged")
    def readers(self, row: Announcement) -> str:
        found = queries.counts(row)
        return f"{found.seen:,} of {found.members:,} have seen it, {found.acknowledged:,} have acknowledged it."
