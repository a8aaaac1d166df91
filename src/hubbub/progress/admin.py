"""Background jobs in Django's admin: to look at."""

from django.contrib import admin
from django.http import HttpRequest

from hubbub.progress.models import Job


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nothing can be changed: a job's own process says how far it is."""

    list_display = ("title", "user", "outcome", "fraction", "message", "started_at", "alive_at")
    list_filter = ("outcome",)
    list_select_related = ("user",)
    search_fields = ("title",)
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False
