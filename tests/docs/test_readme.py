"""What the README's tour writes into a shell does what the README says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from hubbub.chat.models import Message
from hubbub.testing import SyncEngine
from tests.docs.blocks import blocks_of
from tests.docs.conftest import ROOT

SHELL = re.compile(r'hubbub shell -c "\n([^"$`\\]+)"')

pytestmark = pytest.mark.django_db


def test_what_the_tour_writes_into_a_shell(hubbub_sync: SyncEngine) -> None:
    """A room, the bell and the banner of a page that is open hear of it."""
    ada: Any = User.objects.create_user("ada")
    page = hubbub_sync.connect(ada)
    page.subscribe(f"notifications.{ada.pk}", snapshot=True)
    page.send("announcements.subscribe")
    written = [code for block in blocks_of(ROOT / "README.md") for code in SHELL.findall(block.text)]
    assert len(written) == 2
    for code in written:
        call_command("shell", command=code, verbosity=0)
    assert Message.objects.get().content == "Deployed."
    told = page.event("notifications.notified")["data"]
    assert (told["notification"]["title"], told["unread"]) == ("The report is ready", 1)
    announced = page.event("announcements.announced")["data"]["announcement"]
    assert (announced["title"], announced["acknowledge"], announced["banner"]) == ("Maintenance at six", True, True)


def test_what_it_shows_and_links_to_is_there() -> None:
    """The README is on no built site, which would say so."""
    readme = (ROOT / "README.md").read_text()
    linked = set(re.findall(r"\]\((?!https?:)([^)#]+)", readme))
    assert len(linked) > 30
    assert [path for path in linked if not (ROOT / path).exists()] == []
