"""The tree of teams. All its changes wait for each other, so that nobody moves what another counts on."""

from collections.abc import Collection
from typing import Any

from hubbub.audiences.models import PATH_LENGTH, Team, TeamMember, ids_of_path
from hubbub.audiences.policy import AT_ONCE, clean_name, in_parts, known_users, permitted
from hubbub.django.actions import action
from hubbub.django.audiences import Audience, UserId
from hubbub.django.audiences.membership import Membership, events_of_change, events_of_end, tell
from hubbub.django.publish import publish_all
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent, BadData, Conflict


@action
def create_team(actor: Actor, name: str, parent: int | None = None) -> Team:
    """Make a team, at the top or below another. Raises BadData, Forbidden, Absent for a parent that isn't there."""
    permitted(actor, "add_team")
    _hold()
    above = None if parent is None else _team(parent)
    team = Team.objects.create(name=clean_name(name), parent=above)
    team.path = _path(above, team.pk)
    team.save(update_fields=["path"])
    return team


@action
def rename_team(actor: Actor, id: int, name: str) -> Team:
    """Raises BadData, Forbidden, Absent."""
    permitted(actor, "change_team")
    team = _team(id)
    team.name = clean_name(name)
    team.save(update_fields=["name"])
    return team


@action
def move_team(actor: Actor, id: int, parent: int | None) -> Team:
    """Put a team, with all below it, elsewhere: its people leave the teams that were above, and join those that are.

    Raises BadData where it would be below itself, Forbidden, Absent.
    """
    permitted(actor, "change_team")
    _hold()
    team, above = _team(id), None if parent is None else _team(parent)
    if above is not None and above.path.startswith(team.path):
        raise BadData("A team cannot be below itself.")
    if team.parent == above:
        return team
    users = _users_below(team)
    before, old, new = _memberships(users), team.path, _path(above, team.pk)
    branch = list(Team.objects.filter(path__startswith=old).order_by("pk"))
    for each in branch:
        each.path = new + each.path[len(old) :]
        if len(each.path) > PATH_LENGTH:
            raise BadData("There are too many teams above each other.")
    Team.objects.bulk_update(branch, ["path"], batch_size=AT_ONCE)
    Team.objects.filter(pk=team.pk).update(parent=above)
    _tell(before, _memberships(users), "moved")
    return _team(id)


@action
def delete_team(actor: Actor, id: int) -> None:
    """Delete a team that has none below it; its people leave it, and those above.

    Raises Conflict where there are teams below it, Forbidden, Absent.
    """
    permitted(actor, "delete_team")
    _hold()
    team = _team(id)
    if team.children.exists():
        raise Conflict("There are teams below this one: move or delete them first.")
    users = _users_below(team)
    before, gone = _memberships(users), Audience.team(team)
    team.delete()
    left = {each for each in before if each.audience != gone} - _memberships(users)
    publish_all([*events_of_end(gone), *events_of_change(left=left)])


@action
def add_to_team(actor: Actor, id: int, users: Collection[UserId]) -> None:
    """Put users into a team, and so into all above it; who is there stays. Raises BadData, Forbidden, Absent."""
    permitted(actor, "change_team")
    _hold()
    team, keys = _team(id), known_users(users)
    before = _memberships(keys)
    rows = [TeamMember(team=team, user_id=pk) for pk in keys]
    TeamMember.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)
    _tell(before, _memberships(keys), "removed")


@action
def remove_from_team(actor: Actor, id: int, users: Collection[UserId]) -> None:
    """Take users out of a team; who isn't in it is passed over. Raises BadData, Forbidden, Absent."""
    permitted(actor, "change_team")
    _hold()
    team, keys = _team(id), known_users(users)
    before = _memberships(keys)
    for some in in_parts(keys):
        TeamMember.objects.filter(team=team, user__in=some).delete()
    _tell(before, _memberships(keys), "removed")


def _hold() -> None:
    """Lock the tops of the trees, in one order, until the transaction ends."""
    list(Team.objects.select_for_update().filter(parent=None).order_by("pk").values_list("pk", flat=True))


def _team(id: int) -> Team:
    """Raises Absent."""
    team = Team.objects.select_related("parent").filter(pk=id).first()
    if team is None:
        raise Absent
    return team


def _path(above: Team | None, id: int) -> str:
    path = f"{above.path if above else ''}{id}/"
    if len(path) > PATH_LENGTH:
        raise BadData("There are too many teams above each other.")
    return path


def _users_below(team: Team) -> list[Any]:
    """Who is in the team, or in one below it."""
    members = TeamMember.objects.filter(team__path__startswith=team.path)
    return sorted(set(members.values_list("user", flat=True)), key=str)


def _memberships(users: Collection[Any]) -> set[Membership]:
    """All teams that these users are in, those above included."""
    found: set[Membership] = set()
    for some in in_parts(users):
        rows = TeamMember.objects.filter(user__in=some).values_list("user", "team__path")
        found |= {Membership(Audience.team(id), user) for user, path in rows for id in ids_of_path(path)}
    return found


def _tell(before: set[Membership], after: set[Membership], reason: str) -> None:
    tell(joined=after - before, left=before - after, reason=reason)
