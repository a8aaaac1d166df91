"""Jobs that recur: which is done by whom, and in which order (rule JOB-1)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from hubbub.django import retention
from hubbub.django.background import Background, claim
from hubbub.django.models import RecurringJob
from tests.contracts.databases import Database


@pytest.fixture
def jobs() -> Iterator[dict[str, Any]]:
    """No other jobs than those of a test."""
    others = dict(retention.recurring_jobs)
    retention.recurring_jobs.clear()
    yield retention.recurring_jobs
    retention.recurring_jobs.clear()
    retention.recurring_jobs.update(others)


@pytest.mark.django_db
def test_a_long_job_takes_turns(jobs: dict[str, Any]) -> None:
    """JOB-1: what is due at its time does not wait for hours' worth of another."""
    done: list[str] = []

    def long() -> bool:
        done.append("long")
        return done.count("long") < 3

    retention.recur("long", 60.0, long)
    retention.recur("short", 60.0, lambda: done.append("short"))
    background = Background()
    waits = [background._do_jobs() for _ in range(3)]
    assert done == ["long", "short", "long", "long"]
    assert [wait < 0.5 for wait in waits] == [True, True, False]
    assert not RecurringJob.objects.filter(due__lte=timezone.now()).exists()


def test_a_job_is_asked_for_by_a_commit(database: Database, jobs: dict[str, Any]) -> None:
    """JOB-1: before it, nothing of what is to be done is there for others, and nobody waits for whoever asks."""
    now = timezone.now()
    RecurringJob.objects.create(name="due", due=now + timedelta(hours=1))
    with transaction.atomic():
        retention.do_by("due", now)
        assert not database.elsewhere(lambda: RecurringJob.objects.filter(due__lte=now).exists())
    assert RecurringJob.objects.get().due == now


def test_nobody_waits_for_a_job_that_another_takes(postgres_database: Database, jobs: dict[str, Any]) -> None:
    """JOB-1"""
    RecurringJob.objects.create(name="due", due=timezone.now())
    with transaction.atomic():
        RecurringJob.objects.select_for_update().get()
        assert not postgres_database.elsewhere(lambda: claim("due", 60.0))
    assert claim("due", 60.0) and not claim("due", 60.0)
