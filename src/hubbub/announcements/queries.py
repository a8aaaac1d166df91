"""What is live for whom, and who has seen what."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from hubbub.announcements import messages as wire
from hubbub.announcements.models import Acknowledgement, Announcement, Seen
from hubbub.announcements.policy import user_topic
from hubbub.django.audiences import Audience, UserId, audiences_of, members_of
from hubbub.django.auth import names_of, wire_id
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent

FEED_LIMIT = 100


class Feed(NamedTuple):
    """What is live for a user, the latest first, and how many of them are neither seen nor acknowledged."""

    announcements: list[wire.Announcement]
    unread: int


def made(keys: Iterable[str]) -> QuerySet[Announcement]:
    """What was said to these audiences and stands, expired or not, the latest first."""
    return Announcement.objects.filter(
        audience__in=list(keys), number__isnull=False, withdrawn_at__isnull=True
    ).order_by("-number")


def live(keys: Iterable[str]) -> QuerySet[Announcement]:
    """What is to be shown now to these audiences, the latest first."""
    return made(keys).filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


def feed(actor: Actor) -> Feed:
    """What is live for a user. Three queries, and those that say which audiences the user is in."""
    user_id = actor.require_user()
    found = shown_to(user_id, live(each.key for each in audiences_of(user_id))[:FEED_LIMIT])
    return Feed(found, sum(not (each.seen or each.acknowledged) for each in found))


def past(actor: Actor, before: int | None, limit: int) -> tuple[list[wire.Announcement], bool]:
    """What was said to a user below a number, expired or not, the latest first; and whether there is more."""
    user_id = actor.require_user()
    rows = made(each.key for each in audiences_of(user_id))
    found = shown_to(user_id, (rows if before is None else rows.filter(number__lt=before))[: limit + 1])
    return found[:limit], len(found) > limit


def unread(user_id: UserId, keys: Collection[str]) -> int:
    """How many of the latest live announcements of these audiences the user has neither seen nor acknowledged.

    Two queries.
    """
    mine = Acknowledgement.objects.filter(user_id=user_id, announcement=OuterRef("pk"))
    rows = list(live(keys).annotate(done=Exists(mine)).values_list("audience", "number", "done")[:FEED_LIMIT])
    cursors = seen_up_to(user_id, {audience for audience, _, _ in rows})
    return sum(not done and (number or 0) > cursors.get(audience, 0) for audience, number, done in rows)


def seen_up_to(user_id: UserId, keys: Iterable[str]) -> dict[str, int]:
    """The user's cursor in each of these audiences; where nothing is seen, none."""
    return dict(Seen.objects.filter(user_id=user_id, audience__in=list(keys)).values_list("audience", "number"))


def shown_to(user_id: UserId, rows: Iterable[Announcement]) -> list[wire.Announcement]:
    """Announcements as a user sees them."""
    rows = list(rows)
    cursors = seen_up_to(user_id, {row.audience for row in rows})
    asked = [row.pk for row in rows if row.acknowledge]
    mine = Acknowledgement.objects.filter(user_id=user_id, announcement__in=asked)
    done = set(mine.values_list("announcement_id", flat=True)) if asked else set()
    return [shown(row, (row.number or 0) <= cursors.get(row.audience, 0), row.pk in done) for row in rows]


def shown(row: Announcement, seen: bool = False, acknowledged: bool = False) -> wire.Announcement:
    """An announcement that has begun, as it goes over the wire."""
    return wire.Announcement(
        id=row.pk,
        number=row.number or 0,
        audience=row.audience,
        title=row.title,
        body=row.body,
        level=row.level,  # type: ignore[arg-type]
        link=row.link,
        banner=row.banner,
        acknowledge=row.acknowledge,
        begins_at=row.begins_at,
        counts_to=row.counts_to,
        expires_at=row.expires_at,
        created_at=row.created_at,
        seen=seen,
        acknowledged=acknowledged,
    )


def topics_of(actor: Actor) -> list[str]:
    """Where a user is told: the own topic, and those of all audiences that the user is in."""
    user_id = actor.require_user()
    return [user_topic(user_id), *(each.topic for each in audiences_of(user_id))]


def announcement(id: int) -> Announcement:
    """Raises Absent."""
    found = Announcement.objects.filter(pk=id).first()
    if found is None:
        raise Absent
    return found


class Counts(NamedTuple):
    """Of the users who are in the audience now."""

    members: int
    seen: int
    acknowledged: int


class Reader(NamedTuple):
    """A user who is in the audience now, and what this one did."""

    id: UserId
    username: str
    first_name: str
    last_name: str
    seen: bool
    acknowledged_at: datetime | None


STATES = ("seen", "unseen", "acknowledged", "unacknowledged")


def counts(row: Announcement) -> Counts:
    """How many have seen an announcement. Three queries."""
    readers = _readers(row)
    return Counts(
        readers.count(),
        readers.filter(has_seen=True).count(),
        Acknowledgement.objects.filter(announcement=row, user__in=readers.values("pk")).count(),
    )


def readers(row: Announcement, state: str, after: UserId, limit: int) -> list[Reader]:
    """Who was told, in the order of their ids, from the one after ``after``; ``state`` is one of STATES, or empty."""
    found = _readers(row)
    if state in ("seen", "unseen"):
        found = found.filter(has_seen=state == "seen")
    elif state:
        found = found.filter(acknowledged_at__isnull=state == "unacknowledged")
    if after:
        found = found.filter(pk__gt=after)
    return [
        Reader(
            wire_id(user.pk),
            user.get_username(),
            *names_of(user),
            vars(user)["has_seen"],
            vars(user)["acknowledged_at"],
        )
        for user in found.order_by("pk")[:limit]
    ]


def _readers(row: Announcement) -> "QuerySet[Any]":
    """The users of its audience, with what each did; who acknowledges it has seen it.

    Nobody, where the audience is no more.
    """
    users = get_user_model()._default_manager.all()
    try:
        users = users.filter(pk__in=members_of(Audience(row.audience)))
    except Absent:
        return users.none()
    up_to = Seen.objects.filter(user=OuterRef("pk"), audience=row.audience, number__gte=row.number or 0)
    mine = Acknowledgement.objects.filter(user=OuterRef("pk"), announcement=row)
    return users.annotate(has_seen=Exists(up_to) | Exists(mine), acknowledged_at=Subquery(mine.values("at")))
