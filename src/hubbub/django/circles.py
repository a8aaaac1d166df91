"""Who takes part in what a topic is about: features say it of their topics, features that are strangers to them ask."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from hubbub.django.contacts import UserId
from hubbub.protocol.topics import kind_of


@dataclass(frozen=True, slots=True)
class Circle:
    """The people of a topic, and what they call it."""

    title: str
    """Empty where it has no name of its own."""
    direct: bool
    """Whether two people talk here alone."""
    link: str
    """The path of its page below the UI's; empty for none."""


@dataclass(frozen=True, slots=True)
class CircleKind:
    """What tells of the circles of one kind of topic. Both functions may block, and leave out what they don't know."""

    circles: Callable[[Collection[str]], dict[str, Circle]]
    """By topic. One query."""
    people: Callable[[Collection[str], Collection[str] | None], dict[str, dict[str, UserId]]]
    """Users' ids by name, by topic: those who are active. With names, of those who are called so, be it in upper or
    lower case; more may be there. One query."""


_kinds: dict[str, CircleKind] = {}


def register_circles(name: str, kind: CircleKind) -> None:
    """Let the topics ``<name>.<key>`` be known by these functions."""
    _kinds[name] = kind


def circles_of(topics: Collection[str]) -> dict[str, Circle]:
    """The circles of topics, by topic; those that nobody knows are left out. Blocks; one query a kind."""
    return {
        topic: each for name, mine in _by_kind(topics).items() for topic, each in _kinds[name].circles(mine).items()
    }


def people_of(topics: Collection[str], names: Collection[str] | None = None) -> dict[str, dict[str, UserId]]:
    """Who takes part, as ids by username, by topic; with ``names``, of those who are called so in any case of letters.

    Blocks; one query a kind.
    """
    return {
        topic: each
        for name, mine in _by_kind(topics).items()
        for topic, each in _kinds[name].people(mine, names).items()
    }


def _by_kind(topics: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for topic in dict.fromkeys(topics):
        if kind_of(topic) in _kinds:
            found.setdefault(kind_of(topic), []).append(topic)
    return found
