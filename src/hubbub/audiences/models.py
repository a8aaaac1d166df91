"""What makes audiences: a tree of teams with their members, and groups that last for a time."""

from django.conf import settings
from django.db import models

PATH_LENGTH = 500


class Team(models.Model):
    """A company, a department, a team: who is in it is in all those above it."""

    name = models.CharField(max_length=100)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=PATH_LENGTH, db_index=True, editable=False)
    """The ids from the top down to this one, each with a ``/`` behind it: ``1/5/9/``."""

    def __str__(self) -> str:
        return self.name

    @property
    def line(self) -> list[int]:
        """The ids from the top down to this one."""
        return ids_of_path(self.path)


def ids_of_path(path: str) -> list[int]:
    """``[1, 5, 9]`` of ``1/5/9/``."""
    return [int(id) for id in path.split("/") if id]


class TeamMember(models.Model):
    """A user in a team, by oneself and not by a team below it."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["team", "user"], name="hubbub_audiences_team_once"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class TemporaryGroup(models.Model):
    """Users for an occasion. When its time is over there is no such group any more."""

    name = models.CharField(max_length=100)
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class TemporaryMember(models.Model):
    """A user in a temporary group."""

    group = models.ForeignKey(TemporaryGroup, models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["group", "user"], name="hubbub_audiences_group_once"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.group}"
