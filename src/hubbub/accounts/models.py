"""Sign-ins, and the e-mail addresses that are known to be read."""

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone


def new_login_id() -> str:
    return secrets.token_hex(12)


class Login(models.Model):
    """One sign-in of one user: what signing out ends.

    Its id travels as the claim ``sid`` in both tokens, or in the Django session, and as ``Actor.login`` of
    every socket that came by it.
    """

    class Kind(models.TextChoices):
        SESSION = "session", "session cookie"
        TOKEN = "token", "tokens"

    id = models.CharField(primary_key=True, max_length=32, default=new_login_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="hubbub_logins")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    """When it was signed in to or its tokens refreshed last; requests leave it alone."""
    user_agent = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=45, blank=True)
    """Where it was signed in from; empty where the server cannot know."""
    session_key = models.CharField(max_length=40, blank=True, editable=False)
    """Django's session, so that ending the login ends the cookie too."""
    expires_at = models.DateTimeField(null=True, blank=True)
    """When its cookie or its newest token expires; empty where that is not known."""
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class VerifiedAddress(models.Model):
    """The address that a user has shown to read, by following a link. It counts while it is the user's own."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="hubbub_verified_address"
    )
    address = models.EmailField(max_length=254)
    verified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "verified addresses"

    def __str__(self) -> str:
        return self.address
