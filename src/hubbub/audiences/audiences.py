"""The audiences ``team.<id>`` and ``set.<id>``."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from hubbub.audiences.models import Team, TeamMember, TemporaryGroup, TemporaryMember, ids_of_path
from hubbub.django.audiences import Audience, AudienceKind, UserId, audience_kind
from hubbub.protocol.errors import Absent
from hubbub.protocol.topics import id_of


def members_of_team(key: str) -> "QuerySet[Any, Any]":
    path = Team.objects.filter(pk=id_of(key, "team")).values_list("path", flat=True).first()
    if path is None:
        raise Absent
    return TeamMember.objects.filter(team__path__startswith=path).values_list("user_id", flat=True)


def teams_of(user_id: UserId) -> list[str]:
    paths = TeamMember.objects.filter(user_id=user_id).values_list("team__path", flat=True)
    return [Audience.team(id).key for id in sorted({id for path in paths for id in ids_of_path(path)})]


def title_of_team(key: str) -> str:
    name = Team.objects.filter(pk=id_of(key, "team")).values_list("name", flat=True).first()
    if name is None:
        raise Absent
    return name


def members_of_set(key: str) -> "QuerySet[Any, Any]":
    found = TemporaryMember.objects.filter(group=id_of(key, "set"), group__expires_at__gt=timezone.now())
    return found.values_list("user_id", flat=True)


def sets_of(user_id: UserId) -> list[str]:
    found = TemporaryMember.objects.filter(user_id=user_id, group__expires_at__gt=timezone.now())
    return [Audience.temporary(id).key for id in found.values_list("group_id", flat=True)]


def title_of_set(key: str) -> str:
    found = TemporaryGroup.objects.filter(pk=id_of(key, "set"), expires_at__gt=timezone.now())
    name = found.values_list("name", flat=True).first()
    if name is None:
        raise Absent
    return name


audience_kind(AudienceKind("team", members_of_team, teams_of, title_of_team))
audience_kind(AudienceKind("set", members_of_set, sets_of, title_of_set))
