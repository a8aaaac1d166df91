"""Who connects in a test."""

import itertools
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import Actor, guest

_guests = itertools.count(1)


def actor_for(user: Any) -> Actor:
    """The actor of a Django user, an Actor as it is, a new guest for None. Raises NotAuthenticated."""
    if user is None:
        return guest(f"guest-{next(_guests)}")
    return user if isinstance(user, Actor) else actor_of_user(user)


def make_user(name: str) -> Any:
    """A user of the project's model, who can sign in nowhere: no password. May block."""
    model = get_user_model()
    field = model._meta.get_field(model.USERNAME_FIELD)
    known = f"{name}@example.org" if isinstance(field, models.EmailField) else name
    return model._default_manager.create_user(**{model.USERNAME_FIELD: known})
