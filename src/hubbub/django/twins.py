"""Functions that wait for the database, and their twins for async code: ``publish`` and ``apublish`` (rule EVT-6)."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections

from hubbub.django import runtime

P = ParamSpec("P")
T = TypeVar("T")


def refuse_in_loop(name: str, instead: str = "") -> None:
    """Before ``hubbub.<name>()``, whose twin is ``hubbub.a<name>()`` unless ``instead`` says what else to write.

    Raises SynchronousOnlyOperation in a thread whose event loop runs: waiting here would hold up everybody.

    As Django's own do, it lets everything be where ``DJANGO_ALLOW_ASYNC_UNSAFE`` is set.
    """
    if asyncio._get_running_loop() is None or os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE"):
        return
    instead = instead or f"`await hubbub.a{name}(...)`"
    raise SynchronousOnlyOperation(f"hubbub.{name}() waits for the database, and this is async code: write {instead}.")


async def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what waits for the database from async code, where Django keeps the connection of its async ORM.

    Where a transaction is open there, it is part of that; else it leaves no connection open for which Django's
    settings do not ask. Raises what it raises.
    """
    call = partial(function, *args, **kwargs)
    current = runtime.current()
    if current is not None and current.call is not None:
        result: T = await current.call(call)
        return result
    return await sync_to_async(_between_requests)(call)


def _between_requests(call: Callable[[], T]) -> T:
    _close_old()
    try:
        return call()
    finally:
        _close_old()


def _close_old() -> None:
    """What Django does between two requests, but for connections that are in a transaction: it would break those."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
