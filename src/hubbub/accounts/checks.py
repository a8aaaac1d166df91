"""System checks of accounts."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register


@register("hubbub")
def check_apps(**kwargs: Any) -> list[CheckMessage]:
    """Without its table of used tokens, simplejwt cannot refuse one that comes again."""
    if apps.is_installed("rest_framework_simplejwt.token_blacklist"):
        return []
    return [
        Error(
            "hubbub.accounts needs simplejwt's blacklist, and it is not installed.",
            hint="Add 'rest_framework_simplejwt.token_blacklist' to INSTALLED_APPS and run `migrate`.",
            id="hubbub.E101",
        )
    ]
