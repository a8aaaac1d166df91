"""Receipts: a command that carries a ``client_id`` happens once (rules ACK-2 and ACK-3)."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import msgspec
from django.utils import timezone

from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.models import Receipt
from hubbub.django.rows import add_each
from hubbub.protocol.errors import Conflict, HubbubError

if TYPE_CHECKING:
    from hubbub.django.calls import Call

T = TypeVar("T")


def find(calls: "Sequence[Call[Any]]") -> dict[Hashable, Receipt]:
    """The receipts of calls that were carried out before, by ``Call.key``. One query, none without a client_id."""
    wanted = {call.key for call in calls if call.client_id}
    if not wanted:
        return {}
    authors = {call.actor.key for call in calls if call.client_id}
    ids = {call.client_id for call in calls if call.client_id}
    rows = Receipt.objects.using(database_alias()).filter(author__in=authors, client_id__in=ids)
    # More than were asked for: an author may have used another's client_id too.
    return {(row.author, row.client_id): row for row in rows if (row.author, row.client_id) in wanted}


def leave(done: "Iterable[tuple[Call[T], T | HubbubError]]") -> dict[Hashable, Receipt]:
    """Leave receipts for calls that have a client_id and a reply, in one query. Returns them by ``Call.key``.

    Raises IntegrityError where one is there, left by another process meanwhile.
    """
    expires_at = timezone.now() + timedelta(days=hubbub_settings().receipt_days)
    left: dict[Hashable, Receipt] = {
        call.key: Receipt(
            author=call.actor.key,
            client_id=call.client_id,
            action=_fingerprint(call),
            reply=msgspec.json.encode(reply).decode(),
            expires_at=expires_at,
        )
        for call, reply in done
        if call.client_id and not isinstance(reply, HubbubError)
    }
    add_each(left.values())
    return left


def reply(call: "Call[Any]", receipt: Receipt) -> Any:
    """What the receipt says, as the action's return type; Conflict where the call is another one than its."""
    if receipt.action != _fingerprint(call):
        return Conflict("That client_id was used for another command.")
    reply_type: Any = get_type_hints(call.action.function).get("return", Any)
    return msgspec.json.decode(receipt.reply, type=reply_type)


def _fingerprint(call: "Call[Any]") -> str:
    """The action's name and a digest of its arguments but the actor, which is the author already."""
    said = repr((call.args, sorted(call.kwargs.items())))
    digest = blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    function = call.action.function
    return f"{function.__module__}.{function.__qualname__}"[-80:] + f"#{digest}"


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
