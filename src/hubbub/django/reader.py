"""Queries in threads, each in one read transaction."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connections, transaction

from hubbub.django.transactions import as_busy, renew_connections

T = TypeVar("T")


def read_transaction(alias: str, query: Callable[[], T]) -> T:
    """Run ``query`` so that all it sees is of one moment, and without waiting for a writer."""
    connection = connections[alias]
    if connection.in_atomic_block:  # Somebody's own transaction, a TestCase for example.
        return query()
    # Our SQLite backend takes the writers' lock at BEGIN, unless it is told that this only reads.
    reading = getattr(connection, "reading", nullcontext)
    with reading(), transaction.atomic(using=alias):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return query()


class ThreadReader:
    """The port ``Reader`` over a few threads, each with its own connection."""

    def __init__(self, alias: str, threads: int) -> None:
        self._alias = alias
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hubbub-read")

    async def run(self, query: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(self._run, query))

    def _run(self, query: Callable[[], T]) -> T:
        renew_connections(self._alias)
        try:
            return read_transaction(self._alias, query)
        except (OperationalError, InterfaceError) as error:
            raise as_busy(error) from error

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
