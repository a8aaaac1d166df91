"""Queries that are run together, in one read transaction, ask the same thing only once."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_known: ContextVar[dict[Hashable, Any] | None] = ContextVar("hubbub_known", default=None)


@contextmanager
def together() -> Iterator[None]:
    """What is asked inside is of one moment: a ``Reader`` puts it around each of its transactions."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def once(key: Hashable, read: Callable[[], T]) -> T:
    """What ``read`` returns, or has returned for this key to another query of the same transaction.

    Every query of a transaction was asked for before the transaction began, so what is shared was read after
    each of its callers had registered with the hub: no event can fall between the two. Nobody waits for
    another's query, so a caller that is cancelled leaves nobody without an answer; what raises is not shared.
    """
    known = _known.get()
    if known is None:
        return read()
    if key not in known:
        known[key] = read()
    found: T = known[key]
    return found
