"""Browsers that take pushes, in the admin: to look at, and to forget. Whoever has an endpoint can push to it."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from hubbub.django.admin import HubbubAdmin
from hubbub.django.auth import actor_of_request
from hubbub.notifications.push import actions
from hubbub.notifications.push.models import PushSubscription


@admin.register(PushSubscription)
class PushSubscriptionAdmin(HubbubAdmin):
    list_display = ("id", "user", "label", "created_at", "renewed_at", "last_success_at", "failures")
    list_select_related = ("user",)
    search_fields = ("=user__pk",)
    search_help_text = "A user's id."
    fields = ("user", "label", "created_at", "renewed_at", "last_success_at", "failures")
    actions = ("forget",)

    @admin.action(description="Push no more to these", permissions=["forget"])
    def forget(self, request: HttpRequest, queryset: QuerySet[PushSubscription]) -> None:
        rows = list(queryset)
        actions.forget(actor_of_request(request), [row.pk for row in rows])
        for row in rows:
            self.log_change(request, row, "Forgotten.")
        messages.success(request, f"{len(rows)} forgotten.")

    def has_forget_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("hubbub_notifications.delete_pushsubscription")
