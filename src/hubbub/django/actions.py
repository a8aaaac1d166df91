"""``@action``: a function that changes the database and publishes what happened.

Actions are plain synchronous Django code::

    @action
    def rename(actor: Actor, group_id: int, name: str) -> Renamed: ...

Called from a view, a task or a shell, an action runs through this process's writer, or inline where the
caller is inside ``atomic()`` already. From a handler: ``await ctx.act(rename, ctx.actor, 7, "x")``.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, get_type_hints

import msgspec
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from hubbub.django import runtime
from hubbub.django.conf import hubbub_settings
from hubbub.django.models import Receipt
from hubbub.django.transactions import run_inline
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Conflict

P = ParamSpec("P")
T = TypeVar("T")


def run_action(run: Callable[[], T], topic: str = "") -> T:
    """Run a change through the writer of this process; inline inside ``atomic()`` and where there is none."""
    alias = hubbub_settings().database
    current = runtime.current()
    if current is None or connections[alias].in_atomic_block:
        return run_inline(alias, run)
    return current.writer.run_sync(run, topic=topic)


def action(function: Callable[Concatenate[Actor, P], T]) -> Callable[Concatenate[Actor, P], T]:
    """Make a function an action; its first argument is the actor.

    With a keyword argument ``client_id`` it happens once for each (actor, client_id): a repeat gets the
    first reply, read back as the function's return type (rules ACK-2 and ACK-3).
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def run(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> T:
        client_id = kwargs.get("client_id")
        call = partial(function, actor, *args, **kwargs)
        if isinstance(client_id, str) and client_id:
            return run_action(partial(_once, name, function, call, actor.key, client_id))
        return run_action(call)

    return run


def _once(name: str, function: Callable[..., T], call: Callable[[], T], author: str, client_id: str) -> T:
    """Do it and leave a receipt in the same transaction, or return what the receipt says."""
    if (found := _receipt(name, function, author, client_id)) is not None:
        return found[0]
    alias = hubbub_settings().database
    try:
        with transaction.atomic(using=alias):
            reply = call()
            Receipt.objects.using(alias).create(
                author=author,
                client_id=client_id,
                action=name,
                reply=msgspec.json.encode(reply).decode(),
                expires_at=timezone.now() + timedelta(days=hubbub_settings().receipt_days),
            )
        return reply
    except IntegrityError:
        # Another process was first; its transaction has ended, or the insert would still wait.
        if (found := _receipt(name, function, author, client_id)) is not None:
            return found[0]
        raise


def _receipt(name: str, function: Callable[..., T], author: str, client_id: str) -> tuple[T] | None:
    alias = hubbub_settings().database
    row = Receipt.objects.using(alias).filter(author=author, client_id=client_id).first()
    if row is None:
        return None
    if row.action != name:
        raise Conflict("That client_id was used for another command.")
    reply_type: Any = get_type_hints(function).get("return", Any)
    return (msgspec.json.decode(row.reply, type=reply_type),)


def drop_expired_receipts(limit: int = 1000) -> int:
    """Delete receipts past their time, up to ``limit``. Returns how many."""
    alias = hubbub_settings().database
    old = Receipt.objects.using(alias).filter(expires_at__lt=timezone.now()).values_list("pk", flat=True)[:limit]
    gone, _ = Receipt.objects.using(alias).filter(pk__in=list(old)).delete()
    return gone
