"""Sending: a row for each user, or one that is counted up, and its event; by as many queries for all as for one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.utils import timezone

from hubbub.django.actions import action
from hubbub.django.auth import active, wire_id
from hubbub.django.calls import only
from hubbub.django.notifying import Notice
from hubbub.django.publish import Publication, publish_all
from hubbub.django.rows import insert_all, save_each
from hubbub.engine.actor import Actor, user_key
from hubbub.notifications import messages as wire
from hubbub.notifications import queries
from hubbub.notifications.actions import boxes
from hubbub.notifications.models import Box, Notification
from hubbub.notifications.policy import topic_of
from hubbub.notifications.preferences import Wishes, wishes_of
from hubbub.protocol.errors import HubbubError

AT_ONCE = 1000
"""Notifications that are written by one set of queries."""
_COUNTED = (
    "number", "kind", "level", "title", "body", "link", "actor", "target_type", "target_id", "count", "data", "read",
    "created_at", "expires_at",
)  # fmt: skip


class Sending(NamedTuple):
    """The arguments of ``send``."""

    actor: Actor
    user_ids: Sequence[Any]
    notice: Notice


class _Wanted(NamedTuple):
    """A notice for one user, by one of the sendings."""

    sending: int
    user_id: Any
    notice: Notice


@action
def send(actor: Actor, user_ids: Sequence[Any], notice: Notice) -> list[int]:
    """Notify users, each once. Returns the ids of their notifications; none of those who are left out."""
    return only(send_together([Sending(actor, user_ids, notice)]))


@send.together(Sending)
def send_together(sendings: list[Sending]) -> list[list[int] | HubbubError]:
    """Send notices to anybody; of one user's, in the order in which they stand."""
    wanted = [
        _Wanted(place, user_id, each.notice)
        for place, each in enumerate(sendings)
        for user_id in dict.fromkeys(each.user_ids)
    ]
    # By user, as the boxes are locked.
    wanted.sort(key=lambda each: (not isinstance(each.user_id, int), each.user_id))
    ids: list[list[int] | HubbubError] = [[] for _ in sendings]
    now = timezone.now()
    for begin in range(0, len(wanted), AT_ONCE):
        for place, id in _send(wanted[begin : begin + AT_ONCE], now):
            found = ids[place]
            assert isinstance(found, list)
            found.append(id)
    return ids


@dataclass(slots=True)
class _Batch:
    """What is to be written, and told in this order: of what is counted up several times, the last word."""

    boxes: dict[Any, Box]
    wishes: Wishes
    people: dict[Any, wire.NotificationActor]
    now: datetime
    open: dict[tuple[Any, str], Notification] = field(default_factory=dict)
    """By user and group the one that is counted up, in the database or to be added."""
    new: list[Notification] = field(default_factory=list)
    counted: dict[int, Notification] = field(default_factory=dict)
    sent: list[tuple[int, Notification]] = field(default_factory=list)
    """What came of each notice, with its sending."""
    told: dict[int, tuple[Notification, wire.Notified, str]] = field(default_factory=dict)
    """By the identity of a row its event, with the author."""

    def add(self, each: _Wanted) -> None:
        """Add a notice, or count up the one of its group."""
        box, notice = self.boxes[each.user_id], each.notice
        row = self.open.get((each.user_id, notice.group)) if notice.group else None
        if row is None:
            row = Notification(user_id=each.user_id, group=notice.group, count=0)
            self.new.append(row)
            box.unread += 1
            if notice.group:
                self.open[each.user_id, notice.group] = row
        elif row.pk is not None:
            self.counted[row.pk] = row
        box.top += 1
        # Who did it may be gone by the time that it is told.
        actor = self.people.get(notice.actor)
        _write(row, notice, box.top, self.now)
        row.actor_id = actor.id if actor else None
        shown = queries.shown(row, actor, read=False)
        before = self.told.pop(id(row), None)
        alert = self.wishes.alerts(each.user_id, notice, box, self.now) or (before is not None and before[1].alert)
        self.told[id(row)] = row, wire.Notified(shown, box.unread, alert), _author(notice)
        self.sent.append((each.sending, row))


def _send(wanted: list[_Wanted], now: datetime) -> Iterator[tuple[int, int]]:
    """Write and publish. Yields each one's sending and the id of its notification."""
    there = reachable({each.user_id for each in wanted})
    wishes = wishes_of(there, {each.notice.kind for each in wanted})
    wanted = [each for each in wanted if each.user_id in there and wishes.wants(each.user_id, each.notice.kind, "site")]
    locked = boxes.lock({each.user_id for each in wanted})
    # Whoever was deleted meanwhile has no box any more.
    wanted = [each for each in wanted if each.user_id in locked]
    if not wanted:
        return
    batch = _Batch(locked, wishes, _people(wanted), now)
    batch.open = _open(wanted)
    for each in wanted:
        batch.add(each)
    insert_all(batch.new)
    save_each(list(batch.counted.values()), _COUNTED)
    save_each(list(batch.boxes.values()), ("top", "unread"))
    for row, event, _ in batch.told.values():
        event.notification.id = row.pk
    publish_all(
        Publication(topic_of(wire_id(row.user_id)), event, author) for row, event, author in batch.told.values()
    )
    for place, row in batch.sent:
        yield place, row.pk


def reachable(user_ids: set[Any]) -> set[Any]:
    """Those who are there and active; each has a box now. One query, and one more for those who had none."""
    rows = get_user_model()._default_manager.filter(active(), pk__in=user_ids)
    found = dict(rows.order_by("pk").values_list("pk", "hubbub_notification_box__pk"))
    boxes.make([id for id, box in found.items() if box is None])
    return set(found)


def _open(wanted: list[_Wanted]) -> dict[tuple[Any, str], Notification]:
    """The latest unread one of each user and group that is wanted."""
    grouped = [each for each in wanted if each.notice.group]
    if not grouped:
        return {}
    rows = Notification.objects.filter(
        queries.unread(),
        user_id__in={each.user_id for each in grouped},
        group__in={each.notice.group for each in grouped},
    )
    return {(row.user_id, row.group): row for row in rows.order_by("number")}


def _people(wanted: list[_Wanted]) -> dict[Any, wire.NotificationActor]:
    """Who did it, by the id as it stands in the notices."""
    ids = {each.notice.actor for each in wanted if each.notice.actor is not None}
    found = get_user_model()._default_manager.filter(pk__in=ids) if ids else ()
    return {wire_id(user.pk): queries.person(user) for user in found}


def _write(row: Notification, notice: Notice, number: int, now: datetime) -> None:
    row.number, row.read, row.created_at = number, None, now
    row.count += 1
    row.kind, row.level, row.body, row.link = notice.kind, notice.level, notice.body, notice.link
    row.title = notice.title
    if row.count > 1 and notice.many:
        row.title = notice.many.replace("{count}", str(row.count))[:200]
    row.target_type, row.target_id = notice.target or (None, "")
    row.data = notice.data
    row.expires_at = notice.expires_at or (now + notice.lasts if notice.lasts else None)


def _author(notice: Notice) -> str:
    return "" if notice.actor is None else user_key(notice.actor)
