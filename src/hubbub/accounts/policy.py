"""Which names people may have, and which sign-ins count."""

import unicodedata
from typing import Any

from hubbub.accounts.models import Login

RESERVED_NAMES = frozenset({"anonymous", "system"})
"""Names that the server speaks under; in rooms, a user of that name could not be told from it."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
"""Persian and the scripts of India are not written without them."""


def bad_characters(name: str, *, joiners: bool = False) -> str:
    """The characters of a name that would break or hide part of a line: controls, line ends, bidi marks.

    With ``joiners`` the zero-width joiners are let by.
    """
    return "".join(
        letter for letter in name if unicodedata.category(letter) in _INVISIBLE and not (joiners and letter in _JOINERS)
    )


def reserved(name: str) -> bool:
    """Whether only the server itself goes by that name."""
    return unicodedata.normalize("NFKC", name).casefold() in RESERVED_NAMES


def good(login: Login | None) -> bool:
    """Whether a sign-in, read with its user, still lets its user in."""
    return login is not None and login.ended_at is None and active(login.user)


def active(user: Any) -> bool:
    """Whether the user may sign in at all; a user model without ``is_active`` says nothing against it."""
    return user is not None and bool(getattr(user, "is_active", True))
