"""What the writers and the readers share: one action as a transaction, and connections that last."""

import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, connections, transaction
from django.db.transaction import TransactionManagementError

from hubbub.protocol.errors import Busy, HubbubError

logger = logging.getLogger("hubbub.writer")

T = TypeVar("T")

TRY_AGAIN = {"55P03", "40P01", "40001"}
"""SQLSTATE of lock not available, deadlock and serialisation failure: worth another try."""

KEEP_SECONDS = 0.05
"""How long a thread of ours keeps a connection of a pool after its last use: taking one costs a round trip."""


class MayBeDone(Exception):
    """Another process may have done it meanwhile, and has ended: once more, and what it left is found."""


def atomically(alias: str, action: Callable[[], T]) -> T:
    """Run an action in a transaction, or in a savepoint of the one that is open; again where it MayBeDone.

    Raises TransactionManagementError where the action caught a database error outside a savepoint of its own,
    or lost its connection: Django would roll back without a word, and the caller would be told that it is saved.
    """
    try:
        return _atomically(alias, action)
    except MayBeDone:
        pass
    try:
        return _atomically(alias, action)
    except MayBeDone as error:
        raise error.__cause__ or error from None


def _atomically(alias: str, action: Callable[[], T]) -> T:
    connection = connections[alias]
    with transaction.atomic(using=alias):
        result = action()
        if connection.needs_rollback or connection.closed_in_transaction:
            raise TransactionManagementError(
                "An action went on after a database error, so nothing of it can be saved. "
                "Wrap what may fail in an atomic() of its own."
            )
    return result


def run_inline(alias: str, action: Callable[[], T]) -> T:
    """Run an action in a transaction of its own, or in a savepoint of the caller's.

    Raises Busy where the database does not answer; inside the caller's transaction the database's own error,
    since the writer tries again by it, and a REST view answers ``busy`` for it.
    """
    if connections[alias].in_atomic_block:
        return atomically(alias, action)
    try:
        return atomically(alias, action)
    except (OperationalError, InterfaceError) as error:
        raise as_busy(error) from error


def as_busy(error: BaseException) -> BaseException:
    """A database that is away, locked or full is ``busy`` for the client, and may be back soon."""
    if isinstance(error, HubbubError) or not isinstance(error, OperationalError | InterfaceError):
        return error
    logger.warning("the database did not answer: %s", error)
    if is_full(error):
        busy = Busy("The server's disk is full, and nothing of this was saved. Try again later.")
    else:
        busy = Busy("The database does not answer. Try again in a moment.")
    busy.__cause__ = error
    return busy


def is_full(error: BaseException) -> bool:
    """Whether a database refused for want of room: somebody has to make some."""
    return sqlstate(error) == "53100" or getattr(error.__cause__, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL


def renew_connections(alias: str) -> None:
    """What Django does between two requests, for a thread of ours, which has none.

    A connection that has failed is closed. With CONN_MAX_AGE = 0, Django's default, a sound one would be too,
    and each batch and query would begin by opening the database: ours stays.
    """
    connection = connections[alias]
    connection.queries_log.clear()  # Kept where DEBUG is on.
    if not connection.settings_dict["CONN_MAX_AGE"]:
        connection.close_at = None
    close_old_connections()


def pool_size(alias: str) -> int:
    """How many connections this process may have at most, where they come from a pool; else 0."""
    pool = connections[alias].settings_dict["OPTIONS"].get("pool")
    if not pool:
        return 0
    options = pool if isinstance(pool, dict) else {}
    least: int = options.get("min_size", 4)
    return options.get("max_size") or least


def may_keep(alias: str) -> float | None:
    """Seconds that this thread's connection may be kept for what comes next; None for as long as it likes."""
    return KEEP_SECONDS if pool_size(alias) and connections[alias].connection is not None else None


def give_back(alias: str, *, if_wanted: bool = False) -> None:
    """Give this thread's connection back to the pool, if it is of one; ``if_wanted``: if somebody waits for one."""
    connection: Any = connections[alias]
    if not pool_size(alias) or connection.connection is None or connection.in_atomic_block:
        return
    try:
        if not if_wanted or connection.pool.get_stats()["requests_waiting"]:
            connection.close()
    except Exception as error:
        logger.warning("a connection could not be given back: %s", error)


def guarded(hook: Callable[[], object]) -> None:
    """Run a callback after commit; whatever it raises is logged, and the next callback runs."""
    try:
        hook()
    except BaseException:
        logger.exception("a callback after commit failed; its transaction stands")


def plain(error: BaseException) -> Exception:
    """An error that can travel through a future into a task: SystemExit would end the server there."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration | CancelledError):
        return error
    plain = RuntimeError(f"an action ended with {type(error).__name__}")
    plain.__cause__ = error
    return plain


def sqlstate(error: BaseException | None) -> str:
    """PostgreSQL's code of a database error; empty for others."""
    return getattr(getattr(error, "__cause__", None), "sqlstate", None) or ""
