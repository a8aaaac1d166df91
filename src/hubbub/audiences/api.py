"""The REST side of teams and temporary groups, for staff; the rules are the actions'."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.audiences import actions
from hubbub.audiences.models import Team, TemporaryGroup
from hubbub.audiences.policy import permitted
from hubbub.django.audiences import Audience
from hubbub.django.auth import wire_id
from hubbub.django.limits import limiter
from hubbub.django.openapi import describes
from hubbub.django.rest import FeatureView, actor, body, reply
from hubbub.protocol.errors import Absent, Conflict, RateLimited

MOST = 1_000
"""Teams, or groups, in a list; users in a request."""


class AudienceTeam(msgspec.Struct):
    """A team. Who is in it is in all those above it."""

    id: int
    name: str
    parent: int | None
    audience: str
    members: list[int | str]
    """Who is in this team itself, and not by one below it."""


class TeamList(msgspec.Struct):
    """All teams, each after the one above it; 1,000 at most."""

    teams: list[AudienceTeam]


class NewTeam(msgspec.Struct):
    """A team to make."""

    name: str
    parent: int | None = None


class TeamChanges(msgspec.Struct):
    """Another name, or another place; what is left out stays."""

    name: str | UnsetType = UNSET
    parent: int | UnsetType | None = UNSET
    """The team above; null for the top."""


class UserIds(msgspec.Struct):
    """Users, by their ids."""

    users: Annotated[list[int | str], msgspec.Meta(max_length=MOST)]


class AudienceGroup(msgspec.Struct):
    """A temporary group."""

    id: int
    name: str
    expires_at: datetime
    audience: str
    members: list[int | str]


class GroupList(msgspec.Struct):
    """The groups that there are, those that expire next first; 1,000 at most."""

    groups: list[AudienceGroup]


class NewGroup(msgspec.Struct):
    """A group to make, of these users, until a time."""

    name: str
    expires_at: datetime
    users: Annotated[list[int | str], msgspec.Meta(max_length=MOST)] = []


class GroupChanges(msgspec.Struct):
    """Another time at which a group ends."""

    expires_at: datetime


def team_shown(team: Team) -> AudienceTeam:
    members = sorted(map(wire_id, (each.user_id for each in team.members.all())), key=str)
    return AudienceTeam(team.pk, team.name, team.parent_id, Audience.team(team).key, members)


def group_shown(group: TemporaryGroup) -> AudienceGroup:
    members = sorted(map(wire_id, (each.user_id for each in group.members.all())), key=str)
    return AudienceGroup(group.pk, group.name, group.expires_at, Audience.temporary(group).key, members)


def _changing(request: Request, permission: str) -> Any:
    """Who asks, who may, and not too often. Raises Forbidden, RateLimited."""
    who = actor(request)
    permitted(who, permission)
    limiter().hit("writes", who.key)
    return who


class Teams(FeatureView):
    """``/api/teams/``"""

    @describes("List the teams.", returns=TeamList, errors=(Absent,))
    def get(self, request: Request) -> Response:
        permitted(actor(request), "view_team")
        teams = Team.objects.prefetch_related("members").order_by("pk")[:MOST]
        return reply(TeamList([team_shown(each) for each in sorted(teams, key=lambda each: each.line)]))

    @describes("Make a team.", body=NewTeam, returns=AudienceTeam, status=201, errors=(Absent, RateLimited))
    def post(self, request: Request) -> Response:
        who, wanted = _changing(request, "add_team"), body(request, NewTeam)
        return reply(team_shown(actions.create_team(who, wanted.name, wanted.parent)), 201)


class TeamDetail(FeatureView):
    """``/api/teams/{team}/``"""

    @describes("Rename or move a team.", body=TeamChanges, returns=AudienceTeam, errors=(Absent, RateLimited))
    def patch(self, request: Request, team: int) -> Response:
        who, wanted = _changing(request, "change_team"), body(request, TeamChanges)
        if wanted.name is not UNSET:
            actions.rename_team(who, team, wanted.name)
        if wanted.parent is not UNSET:
            actions.move_team(who, team, wanted.parent)
        return reply(team_shown(_found(Team.objects.filter(pk=team))))

    @describes("Delete a team that has none below it.", status=204, errors=(Absent, Conflict, RateLimited))
    def delete(self, request: Request, team: int) -> Response:
        actions.delete_team(_changing(request, "delete_team"), team)
        return Response(status=204)


class TeamMembers(FeatureView):
    """``/api/teams/{team}/members/``"""

    @describes("Put users into a team.", body=UserIds, status=204, errors=(Absent, RateLimited))
    def post(self, request: Request, team: int) -> Response:
        actions.add_to_team(_changing(request, "change_team"), team, body(request, UserIds).users)
        return Response(status=204)

    @describes("Take users out of a team.", body=UserIds, status=204, errors=(Absent, RateLimited))
    def delete(self, request: Request, team: int) -> Response:
        actions.remove_from_team(_changing(request, "change_team"), team, body(request, UserIds).users)
        return Response(status=204)


class Groups(FeatureView):
    """``/api/temporary-groups/``"""

    @describes("List the temporary groups.", returns=GroupList, errors=(Absent,))
    def get(self, request: Request) -> Response:
        permitted(actor(request), "view_temporarygroup")
        groups = TemporaryGroup.objects.prefetch_related("members").order_by("expires_at", "pk")[:MOST]
        return reply(GroupList([group_shown(each) for each in groups]))

    @describes(
        "Make a temporary group.", body=NewGroup, returns=AudienceGroup, status=201, errors=(Absent, RateLimited)
    )
    def post(self, request: Request) -> Response:
        who, wanted = _changing(request, "add_temporarygroup"), body(request, NewGroup)
        made = actions.create_group(who, wanted.name, wanted.users, wanted.expires_at)
        return reply(group_shown(made), 201)


class GroupDetail(FeatureView):
    """``/api/temporary-groups/{group}/``"""

    @describes(
        "Let a group end at another time.",
        body=GroupChanges,
        returns=AudienceGroup,
        errors=(Absent, RateLimited),
    )
    def patch(self, request: Request, group: int) -> Response:
        who, wanted = _changing(request, "change_temporarygroup"), body(request, GroupChanges)
        return reply(group_shown(actions.extend_group(who, group, wanted.expires_at)))

    @describes("End a group now.", status=204, errors=(Absent, RateLimited))
    def delete(self, request: Request, group: int) -> Response:
        actions.end_group(_changing(request, "delete_temporarygroup"), group)
        return Response(status=204)


class GroupMembers(FeatureView):
    """``/api/temporary-groups/{group}/members/``"""

    @describes("Put users into a group.", body=UserIds, status=204, errors=(Absent, RateLimited))
    def post(self, request: Request, group: int) -> Response:
        actions.add_to_group(_changing(request, "change_temporarygroup"), group, body(request, UserIds).users)
        return Response(status=204)

    @describes("Take users out of a group.", body=UserIds, status=204, errors=(Absent, RateLimited))
    def delete(self, request: Request, group: int) -> Response:
        actions.remove_from_group(_changing(request, "change_temporarygroup"), group, body(request, UserIds).users)
        return Response(status=204)


def _found(rows: Any) -> Any:
    """Raises Absent."""
    found = rows.first()
    if found is None:
        raise Absent
    return found
