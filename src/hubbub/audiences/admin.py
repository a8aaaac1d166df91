"""Teams and temporary groups in the admin, by the same actions as everywhere. Django's permissions say who may."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from hubbub.audiences import actions
from hubbub.audiences.models import Team, TeamMember, TemporaryGroup, TemporaryMember
from hubbub.django.admin import HubbubAdmin
from hubbub.django.auth import actor_of_request
from hubbub.protocol.errors import HubbubError


class _ManagedAdmin(HubbubAdmin):
    """A page whose rows are added, and changed where it says so, by actions."""

    def _may(self, request: HttpRequest, verb: str) -> bool:
        return request.user.has_perm(f"hubbub_audiences.{verb}_{self.opts.model_name}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, "change")

    def has_end_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "delete")

    def end_each(self, request: HttpRequest, rows: QuerySet[Any], end: Any) -> None:
        """Carry out an action for each row, and say what came of it."""
        done = 0
        for row in rows:
            try:
                end(row)
            except HubbubError as error:
                self.message_user(request, f"{row}: {error.message}", messages.ERROR)
                continue
            done += 1
        if done:
            self.message_user(request, f"Done: {done}.")


class TeamForm(ModelForm):  # type: ignore[type-arg]
    """What the action would refuse is said at the field."""

    def clean_parent(self) -> Team | None:
        parent: Team | None = self.cleaned_data["parent"]
        if parent is not None and self.instance.pk and parent.path.startswith(self.instance.path):
            raise ValidationError("A team cannot be below itself.")
        return parent


@admin.register(Team)
class TeamAdmin(_ManagedAdmin):
    """The tree of teams. Who is in a team is in all those above it."""

    form = TeamForm
    list_display = ("name", "parent", "path")
    list_select_related = ("parent",)
    search_fields = ("name",)
    ordering = ("path",)
    fields = ("name", "parent")
    raw_id_fields = ("parent",)
    actions = ("delete_teams",)

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        who = actor_of_request(request)
        if not change:
            obj.pk = actions.create_team(who, obj.name, obj.parent_id).pk
        if change and "name" in form.changed_data:
            actions.rename_team(who, obj.pk, obj.name)
        if change and "parent" in form.changed_data:
            actions.move_team(who, obj.pk, obj.parent_id)

    @admin.action(description="Delete teams that have none below them", permissions=["end"])
    def delete_teams(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        who = actor_of_request(request)
        # The deepest first: what was above them may go after them.
        self.end_each(request, queryset.order_by("-path"), lambda row: actions.delete_team(who, row.pk))


class GroupForm(ModelForm):  # type: ignore[type-arg]
    """What the action would refuse is said at the field."""

    def clean_expires_at(self) -> Any:
        if self.cleaned_data["expires_at"] <= timezone.now():
            raise ValidationError("This time is over already.")
        return self.cleaned_data["expires_at"]


@admin.register(TemporaryGroup)
class TemporaryGroupAdmin(_ManagedAdmin):
    """Groups for a time."""

    form = GroupForm
    list_display = ("name", "expires_at", "created_at")
    search_fields = ("name",)
    ordering = ("expires_at",)
    actions = ("end_groups",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("name", "expires_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("name",) if obj else ()

    def save_model(self, request: HttpRequest, obj: TemporaryGroup, form: Any, change: bool) -> None:
        who = actor_of_request(request)
        if change:
            actions.extend_group(who, obj.pk, obj.expires_at)
        else:
            obj.pk = actions.create_group(who, obj.name, [], obj.expires_at).pk

    @admin.action(description="End now", permissions=["end"])
    def end_groups(self, request: HttpRequest, queryset: QuerySet[TemporaryGroup]) -> None:
        who = actor_of_request(request)
        self.end_each(request, queryset, lambda row: actions.end_group(who, row.pk))


class _MemberAdmin(_ManagedAdmin):
    """Who is in what. Adding and removing acts on open sockets at once."""

    list_select_related = ("user",)
    ordering = ("-pk",)
    actions = ("remove",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (f"user__{get_user_model().USERNAME_FIELD}",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(TeamMember)
class TeamMemberAdmin(_MemberAdmin):
    """Users in teams."""

    list_display = ("user", "team")
    list_filter = (("team", admin.RelatedOnlyFieldListFilter),)
    raw_id_fields = ("team", "user")

    def save_model(self, request: HttpRequest, obj: TeamMember, form: Any, change: bool) -> None:
        actions.add_to_team(actor_of_request(request), obj.team_id, [obj.user_id])
        obj.pk = TeamMember.objects.get(team=obj.team_id, user=obj.user_id).pk

    @admin.action(description="Remove from the team", permissions=["end"])
    def remove(self, request: HttpRequest, queryset: QuerySet[TeamMember]) -> None:
        who = actor_of_request(request)
        self.end_each(request, queryset, lambda row: actions.remove_from_team(who, row.team_id, [row.user_id]))


@admin.register(TemporaryMember)
class TemporaryMemberAdmin(_MemberAdmin):
    """Users in temporary groups."""

    list_display = ("user", "group")
    list_filter = (("group", admin.RelatedOnlyFieldListFilter),)
    raw_id_fields = ("group", "user")

    def save_model(self, request: HttpRequest, obj: TemporaryMember, form: Any, change: bool) -> None:
        actions.add_to_group(actor_of_request(request), obj.group_id, [obj.user_id])
        obj.pk = TemporaryMember.objects.get(group=obj.group_id, user=obj.user_id).pk

    @admin.action(description="Remove from the group", permissions=["end"])
    def remove(self, request: HttpRequest, queryset: QuerySet[TemporaryMember]) -> None:
        who = actor_of_request(request)
        self.end_each(request, queryset, lambda row: actions.remove_from_group(who, row.group_id, [row.user_id]))
