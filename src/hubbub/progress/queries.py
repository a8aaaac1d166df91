"""What progress reads."""

from hubbub.engine.actor import Actor
from hubbub.progress import messages as wire
from hubbub.progress.models import Job


def running(actor: Actor) -> wire.RunningJobs:
    """The actor's jobs that run, the oldest first. One query."""
    assert actor.user_id is not None
    found = Job.objects.filter(user_id=actor.user_id, outcome="").order_by("pk")
    return wire.RunningJobs([wire.Job(job.pk, job.title, job.fraction, job.message, job.started_at) for job in found])
