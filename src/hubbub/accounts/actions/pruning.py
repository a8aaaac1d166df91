"""What accounts forget in time: a bounded number of rows a call, so that nobody waits for it."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from hubbub.accounts.actions.sign_ins import logins
from hubbub.django.actions import action
from hubbub.django.conf import hubbub_settings
from hubbub.engine.actor import Actor


@action
def prune_tokens(actor: Actor, limit: int = 1000) -> int:
    """Delete spent refresh tokens that have expired: they are refused without the list. Returns how many."""
    expired = OutstandingToken.objects.filter(expires_at__lt=timezone.now()).values_list("pk", flat=True)[:limit]
    found = list(expired)
    OutstandingToken.objects.filter(pk__in=found).delete()
    return len(found)


@action
def prune_logins(actor: Actor, limit: int = 1000) -> int:
    """Delete sign-ins that ended or expired longer than ``LOGIN_DAYS`` ago. Returns how many."""
    days = hubbub_settings().login_days
    if not days:
        return 0
    before = timezone.now() - timedelta(days=days)
    old = logins().filter(Q(ended_at__lt=before) | Q(expires_at__lt=before)).order_by()
    found = list(old.values_list("pk", flat=True)[:limit])
    logins().filter(pk__in=found).delete()
    return len(found)
