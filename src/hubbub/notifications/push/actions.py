"""Everything that changes where pushes go."""

from collections.abc import Collection
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from hubbub.django.actions import action
from hubbub.engine.actor import Actor
from hubbub.notifications.actions import boxes
from hubbub.notifications.push import messages as wire
from hubbub.notifications.push import queries
from hubbub.notifications.push.models import PushSubscription
from hubbub.protocol.errors import Absent

MOST_DEVICES = 20
"""Browsers of one user; one more takes the place of the one that was renewed longest ago."""
MOST_FAILURES = 20
"""After so many in a row a browser is forgotten."""
FIRST_AWAY, LONGEST_AWAY = timedelta(minutes=5), timedelta(days=1)
"""How long a browser is left out whose push service does not answer in time; each further time is twice as long."""
FORGET = timedelta(days=90)
"""How long a browser is remembered that opens no page of ours."""


@action
def subscribe(actor: Actor, device: wire.NewDevice) -> wire.PushDevice:
    """Push to a browser from now on, for this sign-in; one that is there is renewed (rule PSH-1).

    An endpoint that was another user's is this one's now: it is the same browser. Raises NotAuthenticated.
    """
    user_id = actor.require_user()
    row, _ = PushSubscription.objects.update_or_create(
        endpoint=device.endpoint,
        defaults={
            "user_id": user_id,
            "p256dh": device.p256dh,
            "auth": device.auth,
            "label": device.label,
            "login": actor.login,
            "renewed_at": timezone.now(),
        },
    )
    mine = PushSubscription.objects.filter(user_id=user_id).order_by("-renewed_at", "-pk")
    if over := list(mine.values_list("pk", flat=True)[MOST_DEVICES:]):
        forget(actor, over)
    return queries.shown(row)


@action
def unsubscribe(actor: Actor, endpoint: str) -> None:
    """Push no more to one's browser with this endpoint; one that is unknown is no error. Raises NotAuthenticated."""
    PushSubscription.objects.filter(user_id=actor.require_user(), endpoint=endpoint).delete()


@action
def remove(actor: Actor, id: int) -> None:
    """Push no more to one of one's browsers. Raises Absent, NotAuthenticated."""
    gone, _ = PushSubscription.objects.filter(user_id=actor.require_user(), pk=id).delete()
    if not gone:
        raise Absent


@action
def forget(actor: Actor, ids: Collection[int]) -> None:
    """Push no more to these."""
    PushSubscription.objects.filter(pk__in=list(ids)).delete()


@action
def end_logins(actor: Actor, user_id: int | str, login: str = "", except_login: str = "") -> None:
    """Forget the browsers of sign-ins that have ended: of one, of all but one, or all (rule PSH-6)."""
    rows = PushSubscription.objects.filter(user_id=user_id)
    if login:
        rows = rows.filter(login=login)
    if except_login:
        rows = rows.exclude(login=except_login)
    rows.delete()


@action
def note(
    actor: Actor, sent: Collection[int], failed: Collection[int], gone: Collection[int], silent: Collection[int] = ()
) -> None:
    """Write down what came of pushes to these browsers; those that are gone, or fail again and again, are forgotten.

    Those that are ``silent`` have failed, and are left out for a while.
    """
    if sent:
        fine = {"last_success_at": timezone.now(), "failures": 0, "away_until": None}
        PushSubscription.objects.filter(pk__in=list(sent)).update(**fine)
    for row in PushSubscription.objects.filter(pk__in=list(silent)):
        row.away_until = timezone.now() + away_after(row.failures)
        row.save(update_fields=["away_until"])
    failed = [*failed, *silent]
    if failed:
        PushSubscription.objects.filter(pk__in=list(failed)).update(failures=F("failures") + 1)
        worst = PushSubscription.objects.filter(pk__in=list(failed), failures__gte=MOST_FAILURES)
        gone = [*gone, *worst.values_list("pk", flat=True)]
    if gone:
        forget(actor, gone)


def away_after(failures: int) -> timedelta:
    """How long a browser is left out that had failed so often before."""
    return min(FIRST_AWAY * float(2 ** min(failures, 10)), LONGEST_AWAY)


@action
def shown(actor: Actor, number: int) -> None:
    """Say that a page which its user looks at shows all up to a number (rule PSH-3). Raises NotAuthenticated."""
    user_id = actor.require_user()
    box = boxes.own(user_id) if queries.has_devices(user_id) else None
    if box is not None and box.shown_number < (upto := min(number, box.top)):
        box.shown_number = upto
        box.save(update_fields=["shown_number"])


@action
def prune(actor: Actor, limit: int = 1000) -> int:
    """Forget browsers that have opened no page of ours for long, up to ``limit``. Returns how many."""
    old = PushSubscription.objects.filter(renewed_at__lt=timezone.now() - FORGET)
    gone, _ = PushSubscription.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return gone
