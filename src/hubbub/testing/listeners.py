"""Listeners in a test: called in the test's thread and transaction, when the test says so."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hubbub.django import hearing
from hubbub.django.conf import database_alias
from hubbub.django.listeners import Happened, Listener, listeners
from hubbub.testing.inline import committing


def hear_events(*functions: Callable[[Any], Any]) -> list[Happened]:
    """Let listeners hear what has been published in this test and what they publish in turn, until nothing is left.

    ``functions``: these listeners; without, all of the project. Returns what was heard, each event once for each
    listener. Raises what a listener raises, at once.
    """
    alias, heard, failed = database_alias(), list[Happened](), list[BaseException]()
    wanted = [each for each in listeners.values() if not functions or each.hear in functions]

    def noting(listener: Listener) -> Listener:
        def hear(what: Any) -> None:
            try:
                listener.hear(what)
            except BaseException as error:
                failed.append(error)
                raise
            heard.extend(what if listener.together else [what])

        return replace(listener, hear=hear, tries=1)

    before = -1
    while before != len(heard):
        before = len(heard)
        for listener in wanted:
            with committing(alias):
                while hearing.turn(noting(listener), alias) is not None:
                    pass
            if failed:
                raise failed[0]
    return heard
