"""People and groups for a run, and their end: only what a run has made is touched."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model

from hubbub.accounts.actions import sign_in_with_access_token
from hubbub.chat.actions import create_conversation
from hubbub.chat.models import Conversation
from hubbub.chat.policy import conversation_id_of, user_topic
from hubbub.django.actions import action
from hubbub.django.auth import actor_of_user
from hubbub.django.models import Receipt, Stream
from hubbub.engine.actor import SYSTEM, Actor, user_key

TOKEN_LIFETIME = timedelta(days=1)


@action
def make_people(actor: Actor, names: Sequence[str]) -> list[Any]:
    """Users without a password, saved, in the order of their names."""
    model: Any = get_user_model()
    users = [model(**{model.USERNAME_FIELD: name}) for name in names]
    for user in users:
        user.set_unusable_password()
    model._default_manager.bulk_create(users)
    return users


@action
def sign_in(actor: Actor, users: Sequence[Any]) -> list[str]:
    """An access token of each."""
    return [str(sign_in_with_access_token(SYSTEM, user, TOKEN_LIFETIME)) for user in users]


def make_group(users: Sequence[Any], title: str) -> str:
    """A conversation of these users. Returns its topic."""
    names = [user.get_username() for user in users[1:]]
    return create_conversation(actor_of_user(users[0]), names, title).conversation.topic


@action
def remove_group(actor: Actor, topic: str) -> None:
    """A conversation with its messages and its stream."""
    Stream.objects.filter(topic=topic).delete()
    Conversation.objects.filter(pk=conversation_id_of(topic)).delete()


@action
def remove_people(actor: Actor, users: Sequence[Any]) -> None:
    """Users, with what stands in their names only; their sockets are closed."""
    keys = [user.pk for user in users]
    Receipt.objects.filter(author__in=[user_key(key) for key in keys]).delete()
    get_user_model()._default_manager.filter(pk__in=keys).delete()
    Stream.objects.filter(topic__in=[user_topic(key) for key in keys]).delete()
