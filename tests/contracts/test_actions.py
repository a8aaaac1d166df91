"""``@action``: which topic's order an action keeps, whoever calls it."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from hubbub.chat import actions as chat
from hubbub.django import runtime
from hubbub.django.actions import action
from hubbub.django.group_commit import GroupCommitWriter
from hubbub.engine.actor import SYSTEM, Actor
from tests.contracts.databases import Database
from tests.contracts.writers import committed, group_writer, one_batch, put
from tests.waiting import wait_until


class NotingWriter:
    """Notes the topics that it is given, and runs nothing."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    def run_sync(self, run: Callable[[], Any], *, topic: str) -> None:
        self.topics.append(topic)


@pytest.fixture
def noting(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> NotingWriter:
    writer = NotingWriter()
    monkeypatch.setattr(runtime, "_current", SimpleNamespace(writer=writer))
    return writer


@action
def say(actor: Actor, topic: str, text: str, *, client_id: str | None = None) -> None:
    put(f"{topic} {text}")


@action
def later(actor: Actor, text: str, topic: str = "") -> None:
    put(text)


@action
def anywhere(actor: Actor, text: str) -> None:
    put(text)


def test_the_parameter_called_topic(noting: NotingWriter) -> None:
    """ENV-4: by place or by name; an action without one keeps no order."""
    say(SYSTEM, "a.1", "hi")
    say(SYSTEM, topic="a.2", text="hi", client_id="c")
    later(SYSTEM, "hi", "a.3")
    later(SYSTEM, "hi")
    anywhere(SYSTEM, "hi")
    chat.send_message(SYSTEM, "chat.7", "hi")
    chat.mark_read(SYSTEM, topic="chat.8")
    chat.create_conversation(SYSTEM, ["bob"])
    assert noting.topics == ["a.1", "a.2", "a.3", "", "", "chat.7", "chat.8", ""]


def test_order_over_rest_and_sockets(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENV-4: one topic's actions share its line, however they came; those without a topic come after the others."""
    with group_writer() as writer:
        monkeypatch.setattr(runtime, "_current", SimpleNamespace(writer=writer))
        with one_batch(writer):
            waiting = [database.begin(lambda: anywhere(SYSTEM, "no topic"))]
            _until(writer, 1)
            for n, topic in enumerate(("b", "a", "b", "a"), 2):
                waiting.append(database.begin(partial(say, SYSTEM, topic, str(n))))
                _until(writer, n)
        for each in waiting:
            each.result(10)
    assert committed(database) == ["a 3", "a 5", "b 2", "b 4", "no topic"]


def _until(writer: GroupCommitWriter, count: int) -> None:
    wait_until(lambda: len(writer._jobs) == count, "the action in the queue")
