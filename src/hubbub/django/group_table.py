"""Which sockets get what other code in the project sends to groups of the channel layer: ``HUBBUB["GROUPS"]``."""

import re
from collections.abc import Sequence

from hubbub.django.conf import hubbub_settings

DEFAULT_GROUPS = {
    "notifications_{user}": "notifications.{user}",
    "user_{user}": "notifications.{user}",
    "notifications": "audience.everyone",
    "global_notifications": "audience.everyone",
    "all_users": "audience.everyone",
    "user_status_updates": "audience.everyone",
    "moderators": "audience.staff",
    "users": "audience.users",
    "department_{team}": "audience.team.{team}",
    "team_{team}": "audience.team.{team}",
    "team_updates_{team}": "audience.team.{team}",
    "chat_{room}": "room.{room}",
    "conversation_{id}": "chat.{id}",
    "chat_{id}": "chat.{id}",
}
"""Which sockets a group reaches: those that follow the topic. ``{...}`` stands for the same text in both."""

_PLACE = re.compile(r"\{\w+\}")
_GROUP_NAME = re.compile(r"[A-Za-z0-9._-]{1,99}")


class GroupTable:
    """Which groups reach which topics. Raises ValueError for a row that cannot be read."""

    def __init__(self, rows: dict[str, str]) -> None:
        self._rows: list[tuple[str, re.Pattern[str]]] = []
        for group, topic in rows.items():
            if not topic:
                continue  # A default that the project has taken out.
            places = _PLACE.findall(group)
            if len(places) > 1 or _PLACE.findall(topic) != places:
                raise ValueError(f"{group!r} and {topic!r} need the same one {{...}}, or none")
            if not _GROUP_NAME.fullmatch(_PLACE.sub("x", group)):
                raise ValueError(f"{group!r} can be no group: those are letters, digits, '.', '-' and '_', under 100")
            before, *after = (re.escape(part) for part in _PLACE.split(topic))
            self._rows.append((_PLACE.sub("{}", group), re.compile("(.+)".join((before, *after)))))

    def groups_of(self, names: Sequence[str]) -> list[str]:
        """The groups that reach a topic of these names; none that no layer could have, a room's in another script."""
        found = {
            group.format(*match.groups()): None
            for group, topic in self._rows
            for name in names
            if (match := topic.fullmatch(name))
        }
        return [group for group in found if _GROUP_NAME.fullmatch(group)]


def group_table() -> GroupTable:
    """The table of the project: the defaults, and what ``HUBBUB["GROUPS"]`` says. Raises ValueError."""
    return GroupTable({**DEFAULT_GROUPS, **hubbub_settings().groups})
