"""simplejwt's list of refresh tokens in the admin."""

from typing import Any

from django.contrib import admin
from rest_framework_simplejwt.token_blacklist.admin import OutstandingTokenAdmin
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken


class TokenAdmin(OutstandingTokenAdmin):
    """simplejwt's page, without the tokens themselves: whoever has a refresh token is signed in by it."""

    exclude = ("token",)

    def get_readonly_fields(self, *args: Any, **kwargs: Any) -> list[str]:
        return [name for name in super().get_readonly_fields(*args, **kwargs) if name not in self.exclude]


# A page of the project's own stays.
if type(admin.site.get_model_admin(OutstandingToken)) is OutstandingTokenAdmin:
    admin.site.unregister(OutstandingToken)
    admin.site.register(OutstandingToken, TokenAdmin)
