"""Forgetting what nobody is shown any more."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from hubbub.announcements.models import Announcement
from hubbub.django.actions import action
from hubbub.engine.actor import Actor

KEEP = timedelta(days=365)
"""How long it can be looked up who has seen what, after it was withdrawn or has expired."""


@action
def prune_past(actor: Actor, limit: int = 1000) -> int:
    """Delete announcements that ended more than ``KEEP`` ago, up to ``limit``. Returns how many."""
    before = timezone.now() - KEEP
    old = Announcement.objects.filter(Q(withdrawn_at__lt=before) | Q(expires_at__lt=before))
    pks = list(old.order_by("pk").values_list("pk", flat=True)[:limit])
    _, by_model = Announcement.objects.filter(pk__in=pks).delete()
    return by_model.get(Announcement._meta.label, 0)
