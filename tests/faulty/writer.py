"""A writer with the bug that group commit invites: it answers while the transaction is still open."""

import time
from concurrent.futures import Future

from hubbub.django.group_commit import GroupCommitWriter, _Job

HELD_OPEN_SECONDS = 0.05


class ReplyBeforeCommit(GroupCommitWriter):
    def _run_all(self, batch: list[_Job], lock_timeout: int) -> None:
        super()._run_all(batch, lock_timeout)
        for job in batch:
            if job.error is None and not job.future.done():
                told, job.future = job.future, Future()
                told.set_result(job.result)
        time.sleep(HELD_OPEN_SECONDS)
