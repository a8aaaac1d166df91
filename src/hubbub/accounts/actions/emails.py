"""E-mail addresses: an account has one that its owner has shown to read."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from hubbub.accounts import links, queries
from hubbub.accounts.models import VerifiedAddress
from hubbub.django.actions import action
from hubbub.django.auth import email_field
from hubbub.django.conf import database_alias
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import BadData


class AddressTaken(BadData):
    """This address is not available."""


@action
def verify_email(actor: Actor, token: str) -> tuple[Any, str]:
    """Give the user of a link the address that it was sent to. Returns the user, and the address before.

    Raises BadLink, and AddressTaken where the address must be one account's alone and is another's.
    """
    user, address = links.user_of_address(token, lock=True)
    field, alias = email_field(), database_alias()
    before = getattr(user, field)
    if before != address:
        if field == user.USERNAME_FIELD and before.casefold() != address.casefold() and queries.name_taken(address):
            raise AddressTaken
        setattr(user, field, address)
        try:
            with transaction.atomic(using=alias):
                user.save(using=alias, update_fields=[field])
        except IntegrityError:
            raise AddressTaken from None
    VerifiedAddress.objects.using(alias).update_or_create(
        user_id=user.pk, defaults={"address": address, "verified_at": timezone.now()}
    )
    return user, before


@action
def remove_email(actor: Actor, user: Any) -> None:
    """An account goes on without an address."""
    setattr(user, email_field(), "")
    user.save(update_fields=[email_field()])
    VerifiedAddress.objects.using(database_alias()).filter(user_id=user.pk).delete()
