"""Bugs that this design invites: each breaks one promise, and nothing but the checker would notice."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from itertools import count
from typing import Any

from hubbub.django import calls, runtime
from hubbub.django.conf import HubbubSettings, database_alias
from hubbub.django.group_commit import GroupCommitWriter
from hubbub.django.jobs import Job
from hubbub.django.outcomes import settle
from hubbub.engine.hub import Hub
from hubbub.engine.live import LiveTopic
from hubbub.engine.session import Session
from hubbub.protocol.frames import Event

HELD_OPEN_SECONDS = float(os.environ.get("FAULTY_HELD_SECONDS", "0.05"))
"""How long what was replied to stays uncommitted."""

DIES = "FAULTY_DIES" in os.environ
"""Whether the server is killed then, instead of committing, once several were replied to together."""


class ReplyBeforeCommit(GroupCommitWriter):
    """It answers while the transaction is still open."""

    def _run_all(self, batch: list[Job], lock_timeout: int) -> None:
        super()._run_all(batch, lock_timeout)
        done = [job for job in batch if job.error is None and not job.future.done()]
        settle([replace(job) for job in done])
        for job in done:
            job.future = Future()
        time.sleep(HELD_OPEN_SECONDS)
        if DIES and len(done) > 1:
            os.kill(os.getpid(), signal.SIGKILL)


def reply_before_commit() -> None:
    def make_writer(settings: HubbubSettings) -> GroupCommitWriter:
        return ReplyBeforeCommit(database_alias(), settings.writer_queue, settings.writer_batch)

    runtime.make_writer = make_writer  # type: ignore[attr-defined]


def drop_every_100th_wake_up() -> None:
    """The hub goes on as if everybody had been told."""
    numbers = count(1)
    tell = Hub._pass

    def pass_on(self: Hub, live: LiveTopic, offset: int, event: Event) -> None:
        if next(numbers) % 100:
            tell(self, live, offset, event)
        else:
            live.last = offset

    Hub._pass = pass_on  # type: ignore[method-assign]


def skip_dedupe() -> None:
    """No receipt is left or looked for."""

    def none(_: Any) -> dict[Any, Any]:
        return {}

    calls.find = none  # type: ignore[assignment,attr-defined]
    calls.leave = none  # type: ignore[assignment,attr-defined]


def stale_membership() -> None:
    """What a session was let into it keeps, and what follows from its being revoked is left out."""

    def keep(self: Session, topic: str, reason: str) -> None:
        return None

    Session.revoke = keep  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    bug.__name__: bug for bug in (reply_before_commit, drop_every_100th_wake_up, skip_dedupe, stale_membership)
}
