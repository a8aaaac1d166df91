"""People, conversations, and the real engine with its threads."""

from collections.abc import AsyncIterator, Callable

import pytest
from django.contrib.auth.models import User

from hubbub.chat import actions
from hubbub.chat import messages as wire
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import Actor
from hubbub.testing import LiveEngine


@pytest.fixture
def person() -> Callable[..., Actor]:
    """``person("alice")`` makes a user and returns the actor."""

    def make(name: str, **fields: object) -> Actor:
        user, _ = User.objects.get_or_create(username=name, defaults=fields)
        return actor_of_user(user)

    return make


@pytest.fixture
def alice(person: Callable[..., Actor]) -> Actor:
    return person("alice", first_name="Alice", last_name="A")


@pytest.fixture
def bob(person: Callable[..., Actor]) -> Actor:
    return person("bob")


@pytest.fixture
def carol(person: Callable[..., Actor]) -> Actor:
    return person("carol")


@pytest.fixture
def direct(alice: Actor, bob: Actor) -> wire.Conversation:
    """A conversation of alice and bob."""
    return actions.create_conversation(alice, ["bob"]).conversation


@pytest.fixture
def group(alice: Actor, bob: Actor) -> wire.Conversation:
    """A group of alice, who made it, and bob."""
    return actions.create_conversation(alice, ["bob"], "Plans").conversation


@pytest.fixture
async def live() -> AsyncIterator[LiveEngine]:
    """The real engine on the test's loop; for tests with ``django_db(transaction=True)``."""
    async with LiveEngine() as engine:
        yield engine
