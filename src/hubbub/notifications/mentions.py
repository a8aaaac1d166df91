"""Who is mentioned in a text: ``@username``, of those who take part. Pure."""

import re
from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

_CODE = re.compile(r"(`{3,}).*?(?:\1|\Z)|(`+)(?!`).*?(?<!`)\2(?!`)", re.DOTALL)
"""Blocks and spans of code, as Markdown has them; a block that is not closed goes to the end."""
_MENTION = re.compile(r"(?<![\w@.+\-/`])@([\w.@+\-]+)")
"""An address like ``ada@example.org`` mentions nobody."""


def names_in(text: str) -> list[list[str]]:
    """What the text may name, in its order: each time the names that can be meant, the longest first."""
    if "@" not in text:
        return []
    return [list(_readings(match[1])) for match in _MENTION.finditer(_CODE.sub(" ", text))]


def _readings(name: str) -> Iterator[str]:
    """A dot behind a name may be the sentence's."""
    while name:
        yield name
        name = name[:-1] if name[-1] in ".@+-" else ""


def mentioned(text: str, people: Mapping[str, T]) -> list[T]:
    """The people that the text names, in its order, each once. ``people`` are those who can be meant, by username.

    Upper and lower case count only between names that differ in nothing else.
    """
    folded = {name.casefold(): person for name, person in people.items()}
    found: dict[T, None] = {}
    for names in names_in(text):
        for name in names:
            person = people.get(name, folded.get(name.casefold()))
            if person is not None:
                found[person] = None
                break
    return list(found)
