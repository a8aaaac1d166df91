"""Who is online, and how the client's own user is (rules PRS-1 to PRS-5)."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Literal, Self

import msgspec

from hubbub.client.connection import Answer, Connection, encode_data
from hubbub.client.errors import Disconnected
from hubbub.client.frames import ServerFrame
from hubbub.client.inflow import Signal
from hubbub.client.topic import Host
from hubbub.protocol.errors import HubbubError

UserId = int | str

Said = dict[str, str | bool]
"""The data of a ``presence.set``."""

CHANGED = "presence.changed"


class Device(msgspec.Struct, frozen=True):
    """One of a user's connections."""

    id: str
    state: Literal["online", "away"]
    since: datetime
    """Since when it is so."""


class UserPresence(msgspec.Struct, frozen=True):
    """Whether a user is there, and by which devices."""

    user_id: UserId
    state: Literal["online", "away", "offline"]
    last_seen: datetime | None = None
    """When somebody who is away or offline was last there; None where the server does not know."""
    devices: list[Device] = []
    invisible: bool = False
    """Of oneself: whether one appears offline to all others."""


class _Watched(msgspec.Struct):
    users: list[UserPresence]


class _Changed(msgspec.Struct):
    users: list[UserPresence]
    gone: list[UserId] = []


class Presence:
    """Who is online: ``client.presence.watch([7, 8])``, then ``async for user in client.presence``.

    The loop gives a ``UserPresence`` for each user who is known for the first time or has changed, over any number of
    connections. A caller who is slow gets how it is now, not what was in between. It raises Ended when the client
    can't go on; one task at a time.
    """

    def __init__(self, host: Host) -> None:
        self.people: dict[UserId, UserPresence] = {}
        """How those are whom one looks at and may see, as far as it is known."""
        self._host = host
        self._wanted: list[UserId] = []
        self._own: Said = {}
        self._unsaid: Said = {}
        self._sayers: list[asyncio.Future[UserPresence]] = []
        self._saying = False
        self._refusals = 0
        self._untold: dict[UserId, None] = {}
        self._changed = Signal()
        self._end: HubbubError | None = None
        self._asking = False
        self._ask_again = False
        self._attempts = 0

    def watch(self, users: Iterable[UserId]) -> None:
        """Look at these users, at most 1,000, and at nobody else any longer."""
        self._wanted = list(dict.fromkeys(users))
        for id in self.people.keys() - set(self._wanted):
            self._forget(id)
        self._ask()

    def set(
        self, state: Literal["online", "away"] | None = None, *, invisible: bool | None = None
    ) -> "asyncio.Future[UserPresence]":
        """Say how it is here, or whether the user appears offline everywhere. On the client's loop.

        It is said again with every connection; but not that the user may be seen, which another device may have
        thought better of meanwhile.

        Nobody has to wait for what it returns: the user's own presence once the server has taken it, which may be with
        the next connection; what is only refused for the moment is said again. It raises a HubbubError where the
        server refuses it, as one without presence and one that takes the user for a guest do, and Ended.
        """
        given: dict[str, str | bool | None] = {"state": state, "invisible": invisible}
        said = {name: value for name, value in given.items() if value is not None}
        self._own |= said
        self._unsaid |= said
        told: asyncio.Future[UserPresence] = asyncio.get_running_loop().create_future()
        # Looked at here, so that nobody is told of an error that nobody waits for.
        told.add_done_callback(lambda told: told.cancelled() or told.exception())
        self._sayers.append(told)
        if self._end is not None:
            self._give_up(self._end)
        self._say()
        return told

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> UserPresence:
        while not self._untold:
            if self._end is not None:
                raise self._end
            await self._changed.wait()
        id = next(iter(self._untold))
        del self._untold[id]
        return self.people[id]

    # What the client tells

    def ready(self) -> None:
        connection = self._host.connection
        if connection is None:
            return
        self._unsaid = self._own | self._unsaid
        self._say()
        if self._wanted:
            self._ask()

    def lost(self) -> None:
        self._asking = self._ask_again = self._saying = False

    def finish(self, end: HubbubError) -> None:
        self._end = end
        self._give_up(end)
        self._changed.wake()

    def receive(self, frame: ServerFrame) -> None:
        """Take in a ``presence.changed``."""
        data = msgspec.json.decode(frame.data, type=_Changed)
        for id in data.gone:
            self._forget(id)
        wanted = set(self._wanted)
        for each in data.users:
            if each.user_id in wanted:
                self._learn(each)

    def _learn(self, user: UserPresence) -> None:
        if self.people.get(user.user_id) != user:
            self.people[user.user_id] = user
            self._untold[user.user_id] = None
            self._changed.wake()

    def _forget(self, id: UserId) -> None:
        self.people.pop(id, None)
        self._untold.pop(id, None)

    # Asking

    def _say(self) -> None:
        """Say what is unsaid, one thing after the other: the last one counts."""
        connection = self._host.connection
        if connection is None or self._saying or not (self._unsaid or self._sayers):
            return
        said, sayers = self._unsaid, self._sayers
        try:
            connection.ask("presence.set", partial(self._heard, connection, said, sayers), data=encode_data(said))
        except Disconnected:
            return  # The next connection is told.
        self._saying, self._unsaid, self._sayers = True, {}, []
        if self._own.get("invisible") is False:
            del self._own["invisible"]

    def _heard(
        self, connection: Connection, said: Said, sayers: "list[asyncio.Future[UserPresence]]", answer: Answer
    ) -> None:
        if isinstance(answer, HubbubError) and (isinstance(answer, Disconnected) or answer.temporary):
            self._unsaid = said | self._unsaid
            self._sayers = sayers + self._sayers
            if self._end is not None:
                self._give_up(self._end)
            elif not isinstance(answer, Disconnected):
                wait = self._host.backoff.wait(self._refusals) if answer.retry_after is None else answer.retry_after
                self._refusals += 1
                asyncio.get_running_loop().call_later(wait, self._go_on, connection)
            return
        self._refusals = 0
        for sayer in sayers:
            if sayer.done():
                continue
            if isinstance(answer, HubbubError):
                sayer.set_exception(answer)
            else:
                sayer.set_result(msgspec.json.decode(answer, type=UserPresence))
        self._go_on(connection)

    def _go_on(self, connection: Connection) -> None:
        if connection is self._host.connection:
            self._saying = False
            self._say()

    def _give_up(self, end: HubbubError) -> None:
        for sayer in self._sayers:
            if not sayer.done():
                sayer.set_exception(end)
        self._sayers = []

    def _ask(self) -> None:
        connection = self._host.connection
        if connection is None or self._end is not None:
            return
        if self._asking:
            self._ask_again = True
            return
        self._asking = True
        try:
            data = encode_data({"users": self._wanted})
            connection.ask("presence.watch", partial(self._answered, connection), data=data)
        except Disconnected:
            self._asking = False  # The next connection asks.

    def _answered(self, connection: Connection, answer: Answer) -> None:
        if isinstance(answer, Disconnected) or connection is not self._host.connection:
            return
        if isinstance(answer, HubbubError) and answer.temporary:
            wait = self._host.backoff.wait(self._attempts) if answer.retry_after is None else answer.retry_after
            self._attempts += 1
            asyncio.get_running_loop().call_later(wait, self._once_more, connection)
            return
        if not isinstance(answer, HubbubError):
            self._attempts = 0
            users = msgspec.json.decode(answer, type=_Watched).users
            for id in self.people.keys() - {each.user_id for each in users}:
                self._forget(id)
            for each in users:
                self._learn(each)
        self._asking = False
        if self._ask_again:
            self._ask_again = False
            self._ask()

    def _once_more(self, connection: Connection) -> None:
        if connection is self._host.connection:
            self._asking = False
            self._ask()
