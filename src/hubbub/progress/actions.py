"""What happens to a job: it begins, advances, ends, or is given up (rules PRG-1 to PRG-3)."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from hubbub.django.actions import action
from hubbub.django.publish import publish, show
from hubbub.engine.actor import Actor
from hubbub.progress import messages as wire
from hubbub.progress.models import TEXT_LENGTH, TITLE_LENGTH, Job
from hubbub.progress.policy import topic_of

ALIVE_SECONDS = 30.0
"""How often a job's process says that it runs."""
LOST_SECONDS = 90.0
"""After how long without a word a job is given up."""
KEEP_DAYS = 7
LOST = "It was cut off."


@action
def begin(actor: Actor, user_id: Any, title: str) -> int:
    """A job begins. Returns its id."""
    now = timezone.now()
    job = Job.objects.create(user_id=user_id, title=title[:TITLE_LENGTH], started_at=now, alive_at=now)
    publish(topic_of(user_id), wire.ProgressStarted(job.pk, job.title, now), author=actor.key)
    return job.pk


def tell(user_id: Any, job: int, fraction: float, message: str) -> bool:
    """Show how far a job is to whoever looks. Nothing is written. Returns False where it can't leave this process."""
    return show(topic_of(user_id), wire.ProgressAdvanced(job, fraction, message), key=f"job.{job}")


@action
def note(actor: Actor, job: int, fraction: float, message: str) -> None:
    """A job's process says that it runs, and how far it is: for those who look only now."""
    running = Job.objects.filter(pk=job, outcome="")
    running.update(fraction=fraction, message=message[:TEXT_LENGTH], alive_at=timezone.now())


@action
def end(actor: Actor, job: int, outcome: wire.Outcome, message: str, link: str) -> None:
    """A job ends. Its own end counts, also after it was given up; where its user is gone, nothing happens."""
    found = Job.objects.select_for_update().filter(pk=job).first()
    if found is not None:
        _end(found, outcome, message, link)


def _end(job: Job, outcome: wire.Outcome, message: str, link: str) -> None:
    job.outcome, job.message, job.link = outcome, message[:TEXT_LENGTH], link[:TEXT_LENGTH]
    job.fraction = 1.0 if outcome == "done" else job.fraction
    job.alive_at = timezone.now()
    job.save(update_fields=["outcome", "message", "link", "fraction", "alive_at"])
    publish(topic_of(job.user_id), wire.ProgressEnded(job.pk, job.title, outcome, job.message, job.link))


@action
def give_up_lost(actor: Actor, limit: int = 100) -> int:
    """End jobs as failed whose process has said nothing for ``LOST_SECONDS``: it was killed. Returns how many."""
    before = timezone.now() - timedelta(seconds=LOST_SECONDS)
    lost = Job.objects.select_for_update(skip_locked=True).filter(outcome="", alive_at__lt=before).order_by("pk")
    found = list(lost[:limit])
    for job in found:
        _end(job, "failed", LOST, "")
    return len(found)


@action
def prune(actor: Actor, limit: int) -> int:
    """Delete jobs that ended more than ``KEEP_DAYS`` ago, up to ``limit``. Returns how many."""
    before = timezone.now() - timedelta(days=KEEP_DAYS)
    old = Job.objects.exclude(outcome="").filter(alive_at__lt=before).values_list("pk", flat=True)[:limit]
    gone, _ = Job.objects.filter(pk__in=list(old)).delete()
    return gone
