"""The wire types of presence: a struct for each command, reply and event (section "Presence" of ``docs/SPEC.md``)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from hubbub.protocol.errors import NotAuthenticated
from hubbub.protocol.registry import command, event

MOST_WATCHED = 1000
"""Users that one connection may look at."""

UserId = Annotated[int, msgspec.Meta(ge=0, le=2**53)] | Annotated[str, msgspec.Meta(min_length=1, max_length=64)]

Here = Literal["online", "away"]
State = Literal["online", "away", "offline"]


class Device(msgspec.Struct):
    """One of a user's connections."""

    id: str
    """Unique among the user's."""
    state: Here
    since: datetime
    """Since when it is so."""


class Presence(msgspec.Struct):
    """Whether a user is there, and by which devices."""

    user_id: UserId
    state: State
    """``online`` where one of the devices is, ``away`` where all are."""
    last_seen: datetime | None = None
    """When somebody who is away or offline was last there; null where this server does not know."""
    devices: list[Device] = []
    invisible: bool = False
    """Of oneself: whether one appears offline to all others. Nobody is told it of anybody else."""


# Commands and their replies


class Watched(msgspec.Struct):
    """How those stand now whom one may see, in the order in which they were asked for."""

    users: list[Presence]


@command("presence.watch", reply=Watched, topic="none", limit="reads", errors=(NotAuthenticated,))
class Watch(msgspec.Struct):
    """Look at these users, and at nobody else any longer. What changes follows as ``presence.changed``.

    Whom one may not see is left out, as if there were no such user. One may look at oneself.
    """

    users: Annotated[list[UserId], msgspec.Meta(max_length=MOST_WATCHED)]


@command("presence.set", reply=Presence, topic="none", limit="writes", errors=(NotAuthenticated,))
class SetPresence(msgspec.Struct):
    """Say how it is on this device, or whether to appear offline. Replied with one's own presence.

    A device whose client says nothing is online two seconds after it has connected.
    """

    state: Here | None = None
    """Of this device."""
    invisible: bool | None = None
    """On all one's devices. It lasts as long as the server runs: a client that remembers it says it again when it
    connects."""


# Events on ``presence``


@event("presence.changed", ephemeral=True)
class PresenceChanged(msgspec.Struct):
    """How users stand now whom one looks at and who have changed."""

    users: list[Presence]
    gone: list[UserId] = []
    """Those whom one may see no longer."""
