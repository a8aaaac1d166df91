"""Receipts: a command that carries a ``client_id`` happens once (rules ACK-2 and ACK-3)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import blake2b
from typing import Any, TypeVar, get_type_hints

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone

from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.models import Receipt
from hubbub.protocol.errors import BadData, Conflict

T = TypeVar("T")

MAX_CLIENT_ID = 64


def once(call: "partial[T]", author: str, client_id: str) -> T:
    """Do ``call`` and leave a receipt in the same transaction, or return what the receipt says.

    ``call`` is an action with its arguments, the actor first; its reply is read back as the action's return
    type. ``author`` is an ``Actor.key``. Raises Conflict where the ``client_id`` stands for another call,
    BadData for one that is too long or holds NUL.
    """
    if len(client_id) > MAX_CLIENT_ID or "\x00" in client_id:
        raise BadData(f"A client_id is at most {MAX_CLIENT_ID} characters, without NUL.")
    fingerprint = _fingerprint(call)
    if (found := _find(call.func, fingerprint, author, client_id)) is not None:
        return found[0]
    alias = database_alias()
    try:
        with transaction.atomic(using=alias):
            reply = call()
            Receipt.objects.using(alias).create(
                author=author,
                client_id=client_id,
                action=fingerprint,
                reply=msgspec.json.encode(reply).decode(),
                expires_at=timezone.now() + timedelta(days=hubbub_settings().receipt_days),
            )
        return reply
    except IntegrityError:
        # Another process was first; its transaction has ended, or the insert would still wait.
        if (found := _find(call.func, fingerprint, author, client_id)) is not None:
            return found[0]
        raise


def _fingerprint(call: "partial[Any]") -> str:
    """The action's name and a digest of its arguments but the actor, which is the author already."""
    said = repr((call.args[1:], sorted(call.keywords.items())))
    digest = blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{call.func.__module__}.{call.func.__qualname__}"[-80:] + f"#{digest}"


def _find(function: Callable[..., T], fingerprint: str, author: str, client_id: str) -> tuple[T] | None:
    alias = database_alias()
    row = Receipt.objects.using(alias).filter(author=author, client_id=client_id).first()
    if row is None:
        return None
    if row.action != fingerprint:
        raise Conflict("That client_id was used for another command.")
    reply_type: Any = get_type_hints(function).get("return", Any)
    return (msgspec.json.decode(row.reply, type=reply_type),)


def rewrite_receipts(author: str, told: str, change: Callable[[Any], Any]) -> int:
    """Change the kept replies that have ``told`` in their JSON: an author's, or of all where it is empty.

    For what must not stay there; a repeat still happens once. Returns how many. Inside the caller's transaction.
    """
    found = Receipt.objects.using(database_alias()).filter(reply__contains=told)
    rows = list(found.filter(author=author) if author else found)
    for row in rows:
        row.reply = msgspec.json.encode(change(msgspec.json.decode(row.reply))).decode()
    Receipt.objects.using(database_alias()).bulk_update(rows, ["reply"])
    return len(rows)


def drop_expired_receipts(limit: int = 1000) -> int:
    """Delete receipts past their time, up to ``limit``. Returns how many."""
    alias = database_alias()
    old = Receipt.objects.using(alias).filter(expires_at__lt=timezone.now()).values_list("pk", flat=True)[:limit]
    gone, _ = Receipt.objects.using(alias).filter(pk__in=list(old)).delete()
    return gone
