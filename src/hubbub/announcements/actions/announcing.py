"""Announcing, now or at a time; changing what was announced; withdrawing it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import Min
from django.utils import timezone

from hubbub.announcements import messages as wire
from hubbub.announcements.contents import CONTENTS, check
from hubbub.announcements.models import Announcement, Series
from hubbub.announcements.policy import permitted
from hubbub.announcements.queries import shown
from hubbub.django.actions import action
from hubbub.django.audiences import Audience
from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.publish import Publication, publish_all
from hubbub.django.retention import do_by
from hubbub.engine.actor import Actor, user_key
from hubbub.protocol.errors import Absent, BadData

DUE_JOB = "scheduled announcements"
AT_ONCE = 100
"""Scheduled announcements that begin in one transaction at most."""

_NEXT = f"""
INSERT INTO {Series._meta.db_table} (id, top) VALUES (1, %s)
ON CONFLICT (id) DO UPDATE SET top = {Series._meta.db_table}.top + excluded.top
RETURNING top
"""


@action
def announce(actor: Actor, audience: Audience, content: dict[str, Any], at: datetime | None = None) -> Announcement:
    """Say something to an audience, now or at a time: a row and an event, however many they are (rule ANN-1).

    ``content`` has what ``contents.CONTENTS`` names. Raises BadData, Forbidden.
    """
    permitted(actor, "add")
    now = timezone.now()
    row = Announcement(audience=audience.key, begins_at=now if at is None else at, **content)
    check(row)
    row.begins_at = max(row.begins_at, now)
    days = hubbub_settings().notification_days
    if row.expires_at is None and not row.banner and days:
        # Nobody thinks of withdrawing it: it stays as long as a notification does (rule ANN-2).
        row.expires_at = row.begins_at + timedelta(days=days)
    if actor.user_id is not None:
        row.author = get_user_model()._default_manager.filter(pk=actor.user_id).first()
    row.save()
    if row.begins_at > now:
        do_by(DUE_JOB, row.begins_at)
    else:
        _begin([row])
    return row


@action
def begin_due(actor: Actor) -> int:
    """Make the announcements whose time has come, each once (rule ANN-3). Returns how many."""
    waiting = Announcement.objects.filter(number__isnull=True, withdrawn_at__isnull=True)
    due = waiting.filter(begins_at__lte=timezone.now()).select_for_update(of=("self",)).order_by("begins_at", "pk")
    rows = list(due[:AT_ONCE])
    late = [row for row in rows if row.expires_at is not None and row.expires_at <= timezone.now()]
    end(late)  # Nobody was here in time to say it.
    _begin([row for row in rows if row not in late])
    following = waiting.aggregate(at=Min("begins_at"))["at"]
    if following is not None:
        do_by(DUE_JOB, following)
    return len(rows)


def _begin(rows: Sequence[Announcement]) -> None:
    """Give announcements their numbers, in this order, and publish them."""
    if not rows:
        return
    with connections[database_alias()].cursor() as cursor:
        cursor.execute(_NEXT, [len(rows)])
        (top,) = cursor.fetchone()
    for number, row in enumerate(rows, top - len(rows) + 1):
        row.number = number
    Announcement.objects.bulk_update(rows, ["number"])
    publish_all(Publication(row.topic, wire.AnnouncementMade(shown(row)), _author(row)) for row in rows)


def _author(row: Announcement) -> str:
    return user_key(row.author.pk) if row.author is not None else ""


@action
def change(actor: Actor, id: int, content: dict[str, Any], at: datetime | None = None) -> Announcement:
    """Let an announcement say something else, or, before it has begun, begin at another time.

    Raises BadData, Forbidden, Absent.
    """
    permitted(actor, "change")
    row = _standing(id)
    if at is not None and row.number is not None:
        raise BadData("It has begun already: its time cannot be changed any more.")
    before = {name: getattr(row, name) for name in (*CONTENTS, "begins_at")}
    for name, value in content.items():
        setattr(row, name, value)
    if at is not None:
        row.begins_at = at
    check(row)
    if all(getattr(row, name) == value for name, value in before.items()):
        return row
    row.save(update_fields=[*before])
    if row.number is not None:
        publish_all([Publication(row.topic, wire.AnnouncementChanged(shown(row)), actor.key)])
    elif row.begins_at > timezone.now():
        do_by(DUE_JOB, row.begins_at)
    else:
        _begin([row])
    return row


@action
def withdraw(actor: Actor, id: int) -> None:
    """Let an announcement be live no more, or never begin. Once more is no error. Raises Forbidden, Absent."""
    permitted(actor, "delete")
    row = Announcement.objects.select_for_update(of=("self",)).filter(pk=id).first()
    if row is None:
        raise Absent
    if row.withdrawn_at is None:
        publish_all(end([row], actor.key))


def end(rows: Sequence[Announcement], author: str = "") -> list[Publication]:
    """Mark announcements as withdrawn. Returns what is to be published of it."""
    Announcement.objects.filter(pk__in=[row.pk for row in rows]).update(withdrawn_at=timezone.now())
    begun = (row for row in rows if row.number is not None)
    return [Publication(row.topic, wire.AnnouncementWithdrawn(row.pk), author) for row in begun]


def _standing(id: int) -> Announcement:
    """The announcement, locked. Raises Absent, also where it was withdrawn."""
    row = Announcement.objects.select_for_update(of=("self",)).filter(pk=id, withdrawn_at__isnull=True).first()
    if row is None:
        raise Absent
    return row
