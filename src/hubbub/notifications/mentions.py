"""Who is mentioned in a text: ``@username``, of those who take part. Pure."""

import re
from collections.abc import Hashable, Mapping
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

_CODE = re.compile(r"(`{3,}).*?(?:\1|\Z)|(`+)(?!`).*?(?<!`)\2(?!`)", re.DOTALL)
"""Blocks and spans of code, as Markdown has them; a block that is not closed goes to the end."""
_MENTION = re.compile(r"(?<![\w@.+\-/`])@([\w.@+\-]+)")
"""An address like ``ada@example.org`` mentions nobody."""


def mentioned(text: str, people: Mapping[str, T]) -> list[T]:
    """The people that the text names, in its order, each once. ``people`` are those who can be meant, by username.

    Upper and lower case count only between names that differ in nothing else. A dot behind a name is the sentence's.
    """
    if "@" not in text:
        return []
    folded = {name.casefold(): person for name, person in people.items()}
    found: dict[T, None] = {}
    for match in _MENTION.finditer(_CODE.sub(" ", text)):
        name = match[1]
        while name:
            person = people.get(name, folded.get(name.casefold()))
            if person is not None:
                found[person] = None
                break
            name = name[:-1] if name[-1] in ".@+-" else ""
    return list(found)
