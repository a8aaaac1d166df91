"""The admin's list of sign-ins."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from hubbub.accounts import actions
from hubbub.accounts.models import Login
from hubbub.django.admin import CappedPaginator
from hubbub.django.auth import actor_of_request

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Login]
else:
    _Base = admin.ModelAdmin


@admin.register(Login)
class LoginAdmin(_Base):
    """Who is signed in, from where; to be looked at and signed out, not edited."""

    list_display = ("user", "kind", "created_at", "last_seen_at", "address", "user_agent", "ended_at")
    list_filter = ("kind", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    date_hierarchy = "created_at"
    actions = ("sign_out",)
    paginator = CappedPaginator
    show_full_result_count = False

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (f"user__{get_user_model().USERNAME_FIELD}", "address", "user_agent")

    @admin.action(description="Sign out", permissions=["delete"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[Login]) -> None:
        ending = list(queryset.filter(ended_at__isnull=True))
        for login in ending:
            actions.end_login(actor_of_request(request), login.pk)
            self.log_change(request, login, "Signed out.")
        self.message_user(request, f"Signed out: {len(ending)}.")

    def delete_model(self, request: HttpRequest, obj: Login) -> None:
        actions.delete_login(actor_of_request(request), obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Login]) -> None:
        for login in queryset:
            actions.delete_login(actor_of_request(request), login.pk)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


if apps.is_installed("rest_framework_simplejwt.token_blacklist"):  # Where it is not, a check says so.
    import_module("hubbub.accounts.token_admin")
