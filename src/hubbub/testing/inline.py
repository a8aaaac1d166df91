"""The database as the test sees it: everything runs in the test's own thread, and so in its transaction."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from asgiref.sync import AsyncToSync, sync_to_async
from django.db import InterfaceError, OperationalError, connections

from hubbub.django import models
from hubbub.django.credentials import Credential
from hubbub.django.reader import read_transaction
from hubbub.django.transactions import as_busy, guarded, plain, run_inline
from hubbub.engine.actor import Actor
from hubbub.protocol.frames import Event

logger = logging.getLogger("hubbub.testing")

T = TypeVar("T")


async def in_test_thread(call: Callable[[], T]) -> T:
    """Call what may block where the test's database connection is. Raises what it raises.

    Django keeps one connection for each thread, and another one for its event loop: whatever runs elsewhere sees
    nothing of a test's transaction.
    """
    loop = asyncio.get_running_loop()
    if loop in AsyncToSync.loop_thread_executors:
        # An async test of Django's TestCase: the loop is a guest, and the test's own thread waits for calls.
        return await sync_to_async(call)()
    # As if there were no loop for a moment: in a test nobody minds that it stands still.
    asyncio._set_running_loop(None)
    try:
        return call()
    finally:
        asyncio._set_running_loop(loop)


def in_own_transaction(alias: str) -> bool:
    """Whether somebody's own ``atomic()`` is open, beside those that a TestCase wraps around each test."""
    blocks: list[Any] = list(connections[alias].atomic_blocks)
    return any(not block._from_testcase for block in blocks)


@contextmanager
def committing(alias: str) -> Iterator[None]:
    """In a TestCase nothing is ever committed: what was put off until then runs at the end of this block.

    Only what the block itself has put off; where it fails, nothing. Outside a TestCase Django sees to it.
    """
    connection = connections[alias]
    pretend = connection.in_atomic_block and not in_own_transaction(alias)
    before = len(connection.run_on_commit)
    yield
    if pretend:
        put_off: list[Any]
        put_off, connection.run_on_commit[before:] = connection.run_on_commit[before:], []
        for entry in put_off:
            guarded(entry[1])


class TestWriter:
    """The port ``Writer`` in the test's thread: each action by itself."""

    __test__ = False
    waiting = 0
    """Nothing ever waits for it."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    async def run(self, action: Callable[[], T], *, topic: str) -> T:
        return await in_test_thread(partial(self.run_sync, action, topic=topic))

    def run_sync(self, action: Callable[[], T], *, topic: str) -> T:
        try:
            with committing(self._alias):
                return run_inline(self._alias, action)
        except BaseException as error:
            if (sound := plain(error)) is error:
                raise
            raise sound from error

    def start(self) -> None:
        return None

    def stop(self) -> None:
        return None


class TestReader:
    """The port ``Reader`` in the test's thread."""

    __test__ = False

    def __init__(self, alias: str) -> None:
        self._alias = alias

    async def run(self, query: Callable[[], T]) -> T:
        return await in_test_thread(partial(self._run, query))

    def _run(self, query: Callable[[], T]) -> T:
        try:
            return read_transaction(self._alias, query)
        except (OperationalError, InterfaceError) as error:
            raise as_busy(error) from error

    def stop(self) -> None:
        return None


class TestChecks:
    """The credentials of handshakes, checked in the test's thread: each by itself."""

    __test__ = False

    async def check(self, credential: Credential) -> Actor | None:
        return await in_test_thread(credential.check)


class TestTail:
    """What was added to the log since the last look, by whoever: a view, an action, a rolled back part left out."""

    __test__ = False

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._last = 0

    def begin(self) -> None:
        """Begin at the end of the log."""
        newest = models.Event.objects.using(self._alias).order_by("-pk").values_list("pk", flat=True).first()
        self._last = newest or 0

    def read(self) -> list[Event]:
        """New events, oldest first; none while a transaction of the test's own is open, since they may be undone."""
        if in_own_transaction(self._alias) or connections[self._alias].needs_rollback:
            return []
        rows = (
            models.Event.objects.using(self._alias)
            .filter(pk__gt=self._last)
            .order_by("pk")
            .values_list("pk", "stream__topic", "stream__epoch", "offset", "type", "data", "author", "created_at")
        )
        found = []
        for self._last, topic, epoch, offset, type, data, author, at in rows:
            found.append(Event(topic, type, data.encode(), created_at=at, epoch=epoch, offset=offset, author=author))
        return found
