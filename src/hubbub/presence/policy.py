"""Who may see whom: contacts do, whichever feature says that they are (``hubbub.django.contacts``), and oneself."""

from collections.abc import Iterable

from hubbub.django.contacts import UserId, contacts_of, user_ids


def visible(user: UserId, wanted: Iterable[UserId]) -> list[UserId]:
    """Those of ``wanted`` whom the user may see, and who may see the user. Blocks."""
    asked = user_ids(wanted)
    known = contacts_of(user, [id for id in asked if id != user])
    return [id for id in asked if id == user or id in known]
