"""What the page's script starts from: where things are, below whatever prefix the project has."""

from typing import Any

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

from hubbub.django.conf import hubbub_settings


def page_config() -> dict[str, Any]:
    """``root``, ``api`` and ``socket``: absolute paths that end in a slash; ``email_required``: whether registering
    takes an address. Raises NoReverseMatch where a project has not included the URLs of ``hubbub.web`` and
    ``hubbub.accounts``."""
    return {
        "root": reverse("hubbub_web:index", args=[""]),
        "api": reverse("hubbub_accounts:me").removesuffix("auth/me/"),
        "socket": get_script_prefix() + hubbub_settings().socket_prefix,
        "email_required": hubbub_settings().email_required,
    }


def chosen_theme(request: HttpRequest) -> str:
    """``light`` or ``dark`` as chosen in the settings (``web/src/state/preferences.ts``); empty: as the system."""
    chosen = request.COOKIES.get("hubbub_theme", "")
    return chosen if chosen in ("light", "dark") else ""
