"""Temporary groups: they are there until their time is over, to within a second."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Min
from django.utils import timezone

from hubbub.audiences.models import TemporaryGroup, TemporaryMember
from hubbub.audiences.policy import AT_ONCE, clean_name, in_parts, known_users, permitted
from hubbub.django.actions import action
from hubbub.django.audiences import Audience, UserId
from hubbub.django.audiences.membership import Membership, tell, tell_ended
from hubbub.django.retention import do_by
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent, BadData

EXPIRY_JOB = "expired groups"
ENDED_AT_ONCE = 100


@action
def create_group(actor: Actor, name: str, users: Collection[UserId], expires_at: datetime) -> TemporaryGroup:
    """Make a group of these users, until a time. Raises BadData, Forbidden."""
    permitted(actor, "add_temporarygroup")
    group = TemporaryGroup.objects.create(name=clean_name(name), expires_at=_later(expires_at))
    do_by(EXPIRY_JOB, group.expires_at)
    _add(group, known_users(users))
    return group


@action
def extend_group(actor: Actor, id: int, expires_at: datetime) -> TemporaryGroup:
    """Let a group last longer, or less long. Raises BadData, Forbidden, Absent, also where its time is over."""
    permitted(actor, "change_temporarygroup")
    group = _group(id)
    group.expires_at = _later(expires_at)
    group.save(update_fields=["expires_at"])
    do_by(EXPIRY_JOB, group.expires_at)
    return group


@action
def add_to_group(actor: Actor, id: int, users: Collection[UserId]) -> None:
    """Put users into a group; who is there stays. Raises BadData, Forbidden, Absent."""
    permitted(actor, "change_temporarygroup")
    _add(_group(id), known_users(users))


@action
def remove_from_group(actor: Actor, id: int, users: Collection[UserId]) -> None:
    """Take users out of a group; who isn't in it is passed over. Raises BadData, Forbidden, Absent."""
    permitted(actor, "change_temporarygroup")
    group, keys = _group(id), known_users(users)
    going = _members(group).intersection(keys)
    for some in in_parts(keys):
        TemporaryMember.objects.filter(group=group, user__in=some).delete()
    tell(left=_memberships(group, going))


@action
def end_group(actor: Actor, id: int) -> None:
    """Delete a group before its time. Raises Forbidden, Absent."""
    permitted(actor, "delete_temporarygroup")
    _end(_group(id))


@action
def end_expired(actor: Actor) -> int:
    """Delete groups whose time is over: nobody is in them any more (rule AUD-4). Returns how many."""
    over = TemporaryGroup.objects.filter(expires_at__lte=timezone.now()).select_for_update().order_by("pk")
    groups = list(over[:ENDED_AT_ONCE])
    for group in groups:
        _end(group)
    following = TemporaryGroup.objects.aggregate(at=Min("expires_at"))["at"]
    if following is not None:
        do_by(EXPIRY_JOB, following)
    return len(groups)


def _end(group: TemporaryGroup) -> None:
    audience = Audience.temporary(group)
    group.delete()
    tell_ended(audience)


def _group(id: int) -> TemporaryGroup:
    """The group, locked. Raises Absent."""
    group = TemporaryGroup.objects.select_for_update().filter(pk=id, expires_at__gt=timezone.now()).first()
    if group is None:
        raise Absent
    return group


def _later(at: datetime) -> datetime:
    if timezone.is_naive(at):
        raise BadData("expires_at needs a time zone.")
    if at <= timezone.now():
        raise BadData("This time is over already.")
    return at


def _add(group: TemporaryGroup, keys: list[Any]) -> None:
    there = _members(group)
    new = [pk for pk in keys if pk not in there]
    rows = [TemporaryMember(group=group, user_id=pk) for pk in new]
    TemporaryMember.objects.bulk_create(rows, batch_size=AT_ONCE)
    tell(joined=_memberships(group, new))


def _members(group: TemporaryGroup) -> set[Any]:
    return set(group.members.values_list("user", flat=True))


def _memberships(group: TemporaryGroup, keys: Collection[Any]) -> list[Membership]:
    return [Membership(Audience.temporary(group), pk) for pk in keys]
