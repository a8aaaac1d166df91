"""Everything that changes teams and temporary groups. The only place that writes and publishes."""

from hubbub.audiences.actions.groups import (
    add_to_group,
    create_group,
    end_expired,
    end_group,
    extend_group,
    remove_from_group,
)
from hubbub.audiences.actions.teams import (
    add_to_team,
    create_team,
    delete_team,
    move_team,
    remove_from_team,
    rename_team,
)

__all__ = [
    "add_to_group",
    "add_to_team",
    "create_group",
    "create_team",
    "delete_team",
    "end_expired",
    "end_group",
    "extend_group",
    "move_team",
    "remove_from_group",
    "remove_from_team",
    "rename_team",
]
