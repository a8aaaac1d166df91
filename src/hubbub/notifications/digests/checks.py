"""System checks of e-mail digests."""

from typing import Any

import msgspec
from django.conf import settings
from django.core.checks import CheckMessage, Info, Tags, register

from hubbub.django.conf import hubbub_settings


@register(Tags.security, deploy=True)
def check_digests(**kwargs: Any) -> list[CheckMessage]:
    """People may wait for mails that nobody sends."""
    try:
        known = bool(hubbub_settings().public_url)
    except (msgspec.ValidationError, TypeError, ValueError):
        return []  # hubbub.E001 says it.
    if known or settings.EMAIL_BACKEND.endswith(".dummy.EmailBackend"):
        return []
    return [
        Info(
            "Nobody is mailed what is unread: such a mail needs a link back, and no request says where that leads.",
            hint="Set HUBBUB['PUBLIC_URL'] (environment: HUBBUB_PUBLIC_URL) to where people find the UI.",
            id="hubbub.I121",
        )
    ]
