"""A writer with the bug that group commit invites: it answers while the transaction is still open."""

import time
from concurrent.futures import Future
from dataclasses import replace

from hubbub.django.group_commit import GroupCommitWriter
from hubbub.django.jobs import Job
from hubbub.django.outcomes import settle

HELD_OPEN_SECONDS = 0.05


class ReplyBeforeCommit(GroupCommitWriter):
    def _run_all(self, batch: list[Job], lock_timeout: int) -> None:
        super()._run_all(batch, lock_timeout)
        done = [job for job in batch if job.error is None and not job.future.done()]
        settle([replace(job) for job in done])
        for job in done:
            job.future = Future()
        time.sleep(HELD_OPEN_SECONDS)
