"""Audiences: sets of users under one key, whatever makes somebody one of them (rule AUD-1).

Who is in one may follow the topic ``audience.<key>``: what is said to the audience is one event there, however many
they are. Features register their own kinds in ``audiences.py``; ``membership`` tells live sockets who comes and goes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from hubbub.django.auth import active
from hubbub.django.conf import database_alias
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent, HubbubError
from hubbub.protocol.topics import is_topic, key_of, kind_of

TOPIC_KIND = "audience"
MAX_KEY = 80

UserId = int | str
"""A user's primary key as it travels: a number, or text."""


@dataclass(frozen=True, slots=True)
class Audience:
    """A set of users: ``everyone``, or a kind and an id, ``team.7``.

    Two with the same key are equal. Raises ValueError for a key that is none: 1 to 80 letters, digits, ``.``, ``-``,
    ``_``. Whether there is such an audience, ``title_of`` says.
    """

    key: str

    def __post_init__(self) -> None:
        if not is_topic(self.key) or len(self.key) > MAX_KEY:
            raise ValueError(f"{self.key!r} is no audience: write 'everyone', or a kind and an id, 'team.7'.")

    def __str__(self) -> str:
        return self.key

    @property
    def kind(self) -> str:
        """``team`` of ``team.7``."""
        return kind_of(self.key)

    @property
    def topic(self) -> str:
        """Where its members are told what concerns all of them."""
        return f"{TOPIC_KIND}.{self.key}"

    @classmethod
    def of_topic(cls, topic: str) -> Self:
        """The audience of a topic ``audience.<key>``. Raises Absent for any other topic."""
        if kind_of(topic) != TOPIC_KIND:
            raise Absent
        try:
            return cls(key_of(topic))
        except ValueError:
            raise Absent from None

    @classmethod
    def everyone(cls) -> Self:
        """All users who are active."""
        return cls("everyone")

    @classmethod
    def staff(cls) -> Self:
        """The users who may use the admin."""
        return cls("staff")

    @classmethod
    def users(cls) -> Self:
        """The users who are not staff."""
        return cls("users")

    @classmethod
    def group(cls, group: Any) -> Self:
        """The members of a group of Django's, or of the one with that primary key."""
        return cls(f"group.{_pk(group)}")

    @classmethod
    def team(cls, team: Any) -> Self:
        """Who is in a team of ``hubbub.audiences``, or in one below it."""
        return cls(f"team.{_pk(team)}")

    @classmethod
    def temporary(cls, group: Any) -> Self:
        """The members of a temporary group of ``hubbub.audiences``, until it expires."""
        return cls(f"set.{_pk(group)}")

    @classmethod
    def conversation(cls, conversation: Any) -> Self:
        """Who has a room or a group conversation of ``hubbub.chat`` in the list."""
        return cls(f"conversation.{_pk(conversation)}")


def _pk(thing: Any) -> Any:
    """The primary key of a row, the ``id`` of a wire type, or what is one already."""
    return getattr(thing, "pk", None) or getattr(thing, "id", None) or thing


@dataclass(frozen=True, slots=True)
class AudienceKind:
    """What makes somebody one of an audience. All of it may block, and raises Absent for a key of nothing."""

    name: str
    """What its keys begin with: ``team`` for ``team.<id>``."""
    members: Callable[[str], "QuerySet[Any, Any]"]
    """The primary keys of an audience's users, by its key."""
    audiences_of: Callable[[UserId], Iterable[str]]
    """The keys of all audiences of this kind that a user is in."""
    title: Callable[[str], str]
    """What people call an audience, by its key."""


_kinds: dict[str, AudienceKind] = {}


def audience_kind(kind: AudienceKind) -> AudienceKind:
    """Register a kind of audience. Raises ValueError if the name is taken.

    Whoever changes who is in one says so with ``membership.tell`` in the same transaction.
    """
    if _kinds.get(kind.name, kind).members.__qualname__ != kind.members.__qualname__:
        raise ValueError(f"Audiences {kind.name!r} are already registered.")
    _kinds[kind.name] = kind
    return kind


def kind_of_audience(audience: Audience) -> AudienceKind:
    """Raises Absent where no feature knows the kind."""
    found = _kinds.get(audience.kind)
    if found is None:
        raise Absent
    return found


def title_of(audience: Audience) -> str:
    """What people call the audience. Raises Absent where there is no such audience. Blocks."""
    return kind_of_audience(audience).title(audience.key)


def members_of(audience: Audience) -> "QuerySet[Any, Any]":
    """The primary keys of the audience's users, those who are active. Raises Absent."""
    return _active(kind_of_audience(audience).members(audience.key))


def _active(keys: "QuerySet[Any, Any]") -> "QuerySet[Any, Any]":
    found = get_user_model()._default_manager.using(database_alias()).filter(pk__in=keys)
    return found.filter(active()).values_list("pk", flat=True)


def audiences_of(user_id: UserId | None) -> list[Audience]:
    """All audiences that a user is in, by their keys; none for a guest. A query or two for each kind."""
    if user_id is None:
        return []
    return sorted({Audience(key) for kind in _kinds.values() for key in kind.audiences_of(user_id)}, key=str)


def is_in(actor: Actor, audience: Audience) -> bool:
    """Whether somebody is in an audience; a guest is in none. Blocks."""
    if actor.user_id is None:
        return False
    try:
        return members_of(audience).filter(pk=actor.user_id).exists()
    except HubbubError:
        return False
