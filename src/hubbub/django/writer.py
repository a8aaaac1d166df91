"""Writers: actions as transactions, one at a time or committed together (rule ACK-1)."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

from hubbub.django.conf import HubbubSettings, database_alias
from hubbub.django.group_commit import GroupCommitWriter
from hubbub.django.transactions import give_back, plain, renew_connections, run_inline

T = TypeVar("T")


class DjangoWriter(Protocol):
    """The port ``Writer``, for synchronous callers too.

    An action may run more than once before it is committed once: on a lock, a deadlock, or beside an action
    that made the commit of both fail. Its changes of the database are undone in between.
    """

    async def run(self, action: Callable[[], T], *, topic: str) -> T: ...

    def run_sync(self, action: Callable[[], T], *, topic: str) -> T: ...

    @property
    def waiting(self) -> int:
        """Actions that wait, from any thread."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


def make_writer(settings: HubbubSettings) -> DjangoWriter:
    if settings.writer == "inline":
        return InlineWriter(database_alias())
    return GroupCommitWriter(database_alias(), settings.writer_queue, settings.writer_batch)


class InlineWriter:
    """Each action by itself, in the caller's thread, or in a worker thread for the event loop."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    async def run(self, action: Callable[[], T], *, topic: str) -> T:
        return await sync_to_async(self._run)(action)

    def run_sync(self, action: Callable[[], T], *, topic: str) -> T:
        return run_inline(self._alias, action)

    def _run(self, action: Callable[[], T]) -> T:
        if not connections[self._alias].in_atomic_block:
            renew_connections(self._alias)
        try:
            return run_inline(self._alias, action)
        except BaseException as error:
            if (sound := plain(error)) is error:
                raise
            raise sound from error
        finally:
            give_back(self._alias)

    waiting = 0
    """Nothing waits: each action has a thread of its own."""

    def start(self) -> None:
        return None

    def stop(self) -> None:
        return None
