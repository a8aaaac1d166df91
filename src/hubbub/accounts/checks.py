"""System checks of accounts."""

from typing import Any

import msgspec
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register

from hubbub.accounts import links
from hubbub.django.conf import hubbub_settings
from hubbub.engine.sessions import REMEMBER_SECONDS


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


@register("hubbub")
def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """The admin's page lets anybody guess passwords as fast as they are hashed."""
    middleware = "hubbub.accounts.middleware.LimitSignIns"
    if not apps.is_installed("django.contrib.admin") or middleware in settings.MIDDLEWARE:
        return []
    return [
        Warning(
            "Signing in to the admin is not limited.",
            hint=f"Add {middleware!r} to the end of MIDDLEWARE.",
            id="hubbub.W101",
        )
    ]


@register("hubbub")
def check_links(**kwargs: Any) -> list[CheckMessage]:
    """A mail's link must not lead where a stranger's request says."""
    try:
        known = bool(hubbub_settings().public_url) or links.host_is_known()
    except (msgspec.ValidationError, TypeError, ValueError):
        return []  # hubbub.E001 says it.
    if known:
        return []
    return [
        Warning(
            "ALLOWED_HOSTS lets in any host, so mails have no address to link to, and none is sent.",
            hint="Set HUBBUB['PUBLIC_URL'] to where people find the UI, or name the hosts in ALLOWED_HOSTS.",
            id="hubbub.W102",
        )
    ]


@register(Tags.security, deploy=True)
def check_mails(**kwargs: Any) -> list[CheckMessage]:
    """People may wait for a mail that goes nowhere."""
    if not settings.EMAIL_BACKEND.endswith((".dummy.EmailBackend", ".console.EmailBackend")):
        return []
    return [
        Info(
            "No mail leaves this server: who forgets a password cannot choose another.",
            hint="Set EMAIL_URL, in a project Django's EMAIL_... settings. Staff can set passwords meanwhile.",
            id="hubbub.I101",
        )
    ]


@register("hubbub")
def check_tickets(**kwargs: Any) -> list[CheckMessage]:
    """A ticket must not live longer than the engine remembers that its sign-in has ended (rule AUT-4)."""
    try:
        seconds = hubbub_settings().ticket_seconds
    except (msgspec.ValidationError, TypeError, ValueError):
        return []  # hubbub.E001 says it.
    most = REMEMBER_SECONDS / 2
    if 0 < seconds <= most:
        return []
    return [
        Error(
            f"HUBBUB['TICKET_SECONDS'] is {seconds:g}, and a ticket is good for {most:g} seconds at most.",
            hint=f"Set it to a number above 0 and up to {most:g}: signing out is remembered for twice as long, and "
            "a ticket that lived longer could outlive its sign-in.",
            id="hubbub.E102",
        )
    ]
