"""The wire types of progress (section "Progress" of ``docs/SPEC.md``). All of it is of one user's jobs."""

from datetime import datetime
from typing import Literal

import msgspec

from hubbub.protocol.registry import event

Outcome = Literal["done", "failed"]


class Job(msgspec.Struct):
    """A job that runs."""

    id: int
    title: str
    fraction: float
    """From 0 to 1: how much of it is done, as it was last noted."""
    message: str
    """What it does now, in the job's own words."""
    started_at: datetime


class RunningJobs(msgspec.Struct):
    """One's jobs that run, the oldest first."""

    jobs: list[Job]


@event("progress.started")
class ProgressStarted(msgspec.Struct):
    """A job has begun."""

    job: int
    title: str
    started_at: datetime


@event("progress.advanced", ephemeral=True)
class ProgressAdvanced(msgspec.Struct):
    """A job is so far. At most ten times a second for each job, and nobody has to see them all."""

    job: int
    fraction: float
    """From 0 to 1."""
    message: str


@event("progress.ended")
class ProgressEnded(msgspec.Struct):
    """A job has ended. One whose process was killed has ``failed`` after two minutes; should it run after all, what
    came of it follows as a second end."""

    job: int
    title: str
    outcome: Outcome
    message: str
    """What came of it, in the job's own words."""
    link: str
    """Where that can be seen, a path of the site; empty where nowhere."""
