"""The app of the board, which is installed only here and in the servers that these tests start."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from hubbub.protocol.registry import registry

APP = "tests.publishing.board"

_KINDS: tuple[dict[Any, Any], ...] = (registry.events, registry.event_names, registry.topics)
_added: list[dict[Any, Any]] = [{} for _ in _KINDS]
"""What the board's models have registered, which they do once in a process."""


@pytest.fixture(scope="package")
def board(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The board is installed, and its tables are in the database of the test run."""
    known: list[dict[Any, Any]] = [dict(kind) for kind in _KINDS]
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, APP]), django_db_blocker.unblock():
        for kind, added in zip(_KINDS, _added, strict=True):
            kind.update(added)
        call_command("migrate", "board", verbosity=0)
        with django_db_blocker.block():
            yield
        call_command("migrate", "board", "zero", verbosity=0)
    # Other tests judge what hubbub itself has registered.
    for kind, added, before in zip(_KINDS, _added, known, strict=True):
        added.update({key: kind.pop(key) for key in kind.keys() - before.keys()})
