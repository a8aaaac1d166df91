"""Everything that changes digests: whoever does locks a user's digest first, and then looks at what waits for it."""

from collections.abc import Collection, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections
from django.utils import timezone

from hubbub.django.actions import action
from hubbub.django.conf import database_alias
from hubbub.django.rows import add_each, save_each
from hubbub.engine.actor import Actor
from hubbub.notifications.actions import boxes
from hubbub.notifications.actions.preferences import checked_zone
from hubbub.notifications.digests import messages as wire
from hubbub.notifications.digests.models import Digest, DigestItem
from hubbub.notifications.digests.schedule import due_after, retry_after
from hubbub.notifications.queries import box_of, boxes_of


def _locked(user_ids: Collection[Any]) -> dict[Any, Digest]:
    """The digests of users by their ids, locked; made where there is none.

    In the order of the users, so that no two wait for each other crosswise. Three queries.
    """
    there = set(Digest.objects.filter(pk__in=user_ids).values_list("pk", flat=True))
    add_each([Digest(user_id=id) for id in sorted(set(user_ids) - there)], unless_there=True)
    rows = Digest.objects.select_for_update().filter(pk__in=user_ids).order_by("pk")
    return {digest.pk: digest for digest in rows}


def _plan(digest: Digest) -> None:
    """Say when a locked digest is due, by what waits for it now."""
    waits = DigestItem.objects.filter(user_id=digest.pk).exists()
    zone = box_of(digest.pk).timezone
    digest.due = due_after(digest.every, digest.hour, zone, timezone.now()) if waits else None
    digest.tries = 0


@action
def collect(actor: Actor, told: Sequence[tuple[Any, int, int]]) -> None:
    """Have users' next digests tell of notifications: of a user's id, one's id, each once, and its number.

    As many queries for all as for one.
    """
    digests = {
        user_id: digest
        for user_id, digest in _locked({user_id for user_id, _, _ in told}).items()
        if digest.every != Digest.Every.OFF
    }
    items = [
        DigestItem(notification_id=id, user_id=user_id, number=number)
        for user_id, id, number in told
        if user_id in digests
    ]
    DigestItem.objects.bulk_create(
        items, update_conflicts=True, unique_fields=["notification"], update_fields=["user", "number"]
    )
    begun = [digest for digest in digests.values() if digest.due is None]
    found, now = boxes_of([digest.pk for digest in begun]), timezone.now()
    for digest in begun:
        digest.due = due_after(digest.every, digest.hour, found[digest.pk].timezone, now)
    save_each(begun, ("due",))


@action
def choose(actor: Actor, wanted: wire.NewEmailDigests) -> None:
    """Say how one wants to be mailed. Raises NotAuthenticated, BadData."""
    user_id = actor.require_user()
    if wanted.timezone is not None:
        box = boxes.made(user_id)
        box.timezone = checked_zone(wanted.timezone)
        box.save(update_fields=["timezone"])
    _choose(user_id, wanted.every, wanted.hour)


@action
def turn_off(actor: Actor, user_id: Any) -> None:
    """Mail the user, if there still is one, nothing more, and forget what waited."""
    if get_user_model()._default_manager.filter(pk=user_id).exists():
        _choose(user_id, Digest.Every.OFF, None)


def _choose(user_id: Any, every: str | None, hour: int | None) -> None:
    [digest] = _locked([user_id]).values()
    digest.every = digest.every if every is None else every
    digest.hour = digest.hour if hour is None else hour
    if digest.every == Digest.Every.OFF:
        DigestItem.objects.filter(user_id=user_id).delete()
    _plan(digest)
    digest.save(update_fields=["every", "hour", "due", "tries"])


@action
def claim(actor: Actor, limit: int = 100) -> list[Any]:
    """The users whose digests are due, for whoever calls. If nothing is heard of one, it is due again later.

    One that somebody else has locked is left for the next time: these are not in the order of the users.
    """
    now = timezone.now()
    skips = connections[database_alias()].features.has_select_for_update_skip_locked
    due = list(Digest.objects.select_for_update(skip_locked=skips).filter(due__lte=now).order_by("due")[:limit])
    for digest in due:
        digest.due = now + retry_after(digest.tries)
    save_each(due, ("due",))
    return [digest.pk for digest in due]


@action
def finish(actor: Actor, user_id: Any, items: Collection[tuple[int, int]], sent: bool) -> None:
    """Forget what a digest has told of, or needn't tell any more; what came meanwhile waits for the next (PSH-8)."""
    digest = Digest.objects.select_for_update().filter(pk=user_id).first()
    if digest is None:  # The user is gone meanwhile.
        return
    for number in {number for _, number in items}:
        ids = [id for id, each in items if each == number]
        DigestItem.objects.filter(user_id=user_id, pk__in=ids, number=number).delete()
    _plan(digest)
    digest.sent_at = timezone.now() if sent else digest.sent_at
    digest.save(update_fields=["due", "tries", "sent_at"])


@action
def failed(actor: Actor, user_id: Any) -> int:
    """A digest could not be sent: it is tried again, later each time. Returns how often that has been so now."""
    digest = Digest.objects.select_for_update().filter(pk=user_id).first()
    if digest is None:  # The user is gone meanwhile.
        return 1
    if digest.due is not None:  # Null: the user has ended them meanwhile.
        digest.due = timezone.now() + retry_after(digest.tries)
    digest.tries += 1
    digest.save(update_fields=["due", "tries"])
    return digest.tries
