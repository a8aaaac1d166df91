"""What changes for people who come into an audience, or go: what is live there is theirs from then on, or no more."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from hubbub.announcements import messages as wire
from hubbub.announcements.actions.announcing import end
from hubbub.announcements.models import Acknowledgement, Announcement, Seen
from hubbub.announcements.policy import user_topic
from hubbub.announcements.queries import live, shown
from hubbub.django.audiences import Audience
from hubbub.django.audiences.membership import Membership, MembershipListener, listen_to_membership
from hubbub.django.auth import wire_id
from hubbub.django.publish import Publication
from hubbub.protocol.frames import Position

AT_ONCE = 500
"""Users who are asked about in one query."""
JOINED_LIMIT = 20
"""The announcements of an audience that who comes into it is told at once."""


def _joined(changes: Sequence[Membership], positions: dict[str, Position]) -> list[Publication]:
    by_audience = _live({audience.key for audience, _ in changes})
    told = [each for each in changes if each.audience.key in by_audience]
    events = []
    for start in range(0, len(told), AT_ONCE):
        some = told[start : start + AT_ONCE]
        history = History({user_id for _, user_id in some}, by_audience)
        for audience, user_id in some:
            shown = [history.shown_to(user_id, row) for row in by_audience[audience.key]]
            event = wire.AudienceJoined(audience.key, positions[audience.topic], shown)
            events.append(Publication(user_topic(wire_id(user_id)), event))
    return events


class History:
    """What users have seen and acknowledged of announcements, in other times when they were in the audience."""

    def __init__(self, user_ids: set[Any], by_audience: dict[str, list[Announcement]]) -> None:
        cursors = Seen.objects.filter(user__in=user_ids, audience__in=by_audience)
        self._cursors = {(user, key): number for user, key, number in cursors.values_list("user", "audience", "number")}
        asked = [row.pk for rows in by_audience.values() for row in rows if row.acknowledge]
        done = Acknowledgement.objects.filter(user__in=user_ids, announcement__in=asked)
        self._done = set(done.values_list("user", "announcement")) if asked else set()

    def shown_to(self, user_id: Any, row: Announcement) -> wire.Announcement:
        seen = (row.number or 0) <= self._cursors.get((user_id, row.audience), 0)
        return shown(row, seen, (user_id, row.pk) in self._done)


def _left(changes: Sequence[Membership]) -> list[Publication]:
    by_audience = _live({audience.key for audience, _ in changes})
    return [
        Publication(user_topic(wire_id(user_id)), wire.AudienceLeft(audience.key))
        for audience, user_id in changes
        if audience.key in by_audience
    ]


def _ended(audience: Audience) -> list[Publication]:
    Seen.objects.filter(audience=audience.key).delete()
    standing = Announcement.objects.filter(audience=audience.key, withdrawn_at__isnull=True)
    return end(list(standing.select_for_update(of=("self",)).order_by("pk")))


def _live(keys: set[str]) -> dict[str, list[Announcement]]:
    """The latest of what is live in those of the audiences where something is."""
    found: dict[str, list[Announcement]] = {}
    place = Window(RowNumber(), partition_by="audience", order_by=F("number").desc())
    for row in live(sorted(keys)).annotate(place=place).filter(place__lte=JOINED_LIMIT):
        found.setdefault(row.audience, []).append(row)
    return found


listen_to_membership(MembershipListener(_joined, _left, _ended))
