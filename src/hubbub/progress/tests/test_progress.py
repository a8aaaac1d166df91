"""How far jobs are, as their user sees it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import SynchronousOnlyOperation
from django.utils import timezone

from hubbub import job_progress
from hubbub.engine.actor import SYSTEM
from hubbub.progress import actions, running
from hubbub.progress.models import Job
from hubbub.progress.running import JobProgress
from hubbub.testing import verify_action
from hubbub.testing.sync import SyncConnection, SyncEngine
from tests.stores import sqlite_only

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Any:
    return get_user_model().objects.create_user("ada")


@pytest.fixture
def page(hubbub_sync: SyncEngine, ada: Any) -> SyncConnection:
    """Ada's connection, which follows her jobs."""
    page = hubbub_sync.connect(ada)
    assert page.subscribe(f"progress.{ada.pk}", snapshot=True)["snapshot"] == {"jobs": []}
    return page


def reduce(state: Any, topic: str, type: str, data: dict[str, Any]) -> Any:
    jobs = [job for job in state["jobs"] if job["id"] != data["job"]]
    if type == "progress.started":
        at = data["started_at"]
        jobs.append({"id": data["job"], "title": data["title"], "fraction": 0.0, "message": "", "started_at": at})
    return {"jobs": jobs}


def test_a_job_is_seen_from_its_beginning_to_its_end(page: SyncConnection, ada: Any) -> None:
    """PRG-1"""
    with job_progress(ada, "Import") as job:
        started = page.event("progress.started")
        assert started["data"]["job"] == job.id and started["data"]["title"] == "Import" and "offset" in started
        job.update(0.4, "1200 of 3000 rows")
        advanced = page.event("progress.advanced")
        assert advanced["data"] == {"job": job.id, "fraction": 0.4, "message": "1200 of 3000 rows"}
        assert "offset" not in advanced
        job.result("3000 rows", "/members/")
    ended = page.event("progress.ended")["data"]
    assert ended == {
        "job": job.id, "title": "Import", "outcome": "done", "message": "3000 rows", "link": "/members/"
    }  # fmt: skip


def fail_with_words(job: JobProgress) -> None:
    job.result("Row 7 is no address.")
    raise ValueError("row 7")


def test_a_job_that_fails(page: SyncConnection, ada: Any) -> None:
    """PRG-1: the exception goes on its way, and its text is nobody's business."""
    with pytest.raises(ZeroDivisionError), job_progress(ada.pk, "Import"):
        _ = 1 / 0
    ended = page.event("progress.ended")["data"]
    assert (ended["outcome"], ended["message"]) == ("failed", "It has failed.")
    job = job_progress(ada, "Import")
    with pytest.raises(ValueError, match="row 7"), job:
        fail_with_words(job)
    assert page.event("progress.ended")["data"]["message"] == "Row 7 is no address."


def test_events_tell_everything(ada: Any) -> None:
    """PRG-1: snapshot and events after it, applied, equal a fresh snapshot."""
    seen: dict[str, Any] = {"topic": f"progress.{ada.pk}", "actor": ada, "apply": reduce}
    first = verify_action(lambda: actions.begin(SYSTEM, ada.pk, "First"), **seen)
    second = verify_action(lambda: actions.begin(SYSTEM, ada.pk, "Second"), **seen)
    verify_action(lambda: actions.end(SYSTEM, first, "done", "", ""), **seen)
    Job.objects.update(alive_at=timezone.now() - timedelta(minutes=10))
    verify_action(lambda: actions.give_up_lost(SYSTEM), **seen)
    assert Job.objects.get(pk=second).outcome == "failed"


def test_updates_are_told_ten_times_a_second_and_the_last_one_always(page: SyncConnection, ada: Any) -> None:
    """PRG-2"""
    with job_progress(ada, "Import") as job:
        for n in range(1001):
            job.update(n / 1000, f"row {n}")
        page.wait_for(lambda: [each for each in page.events() if each["data"].get("message") == "row 1000"])
        advanced = [each for each in page.events() if each["type"] == "progress.advanced"]
        assert len(advanced) < 50  # The loop takes some milliseconds, or half a second on a slow machine.


def test_who_comes_later_sees_what_was_noted(hubbub_sync: SyncEngine, ada: Any, client: Any) -> None:
    """PRG-2: over the socket, and over REST."""
    with job_progress(ada, "Import") as job:
        job.update(0.25, "rows")
        job.note()
        page = hubbub_sync.connect(ada)
        jobs = page.subscribe(f"progress.{ada.pk}", snapshot=True)["snapshot"]["jobs"]
        assert [(each["id"], each["fraction"], each["message"]) for each in jobs] == [(job.id, 0.25, "rows")]
        client.force_login(ada)
        assert client.get("/api/progress/").json() == {"jobs": jobs}
    assert client.get("/api/progress/").json() == {"jobs": []}


@pytest.mark.parametrize("user", ["bob", None, SYSTEM])
def test_it_is_for_a_user(user: Any) -> None:
    with pytest.raises(TypeError, match="is no user: give a user"):
        job_progress(user, "Import")


@sqlite_only
def test_a_process_that_reaches_nobody_says_so_once(ada: Any, caplog: pytest.LogCaptureFixture) -> None:
    """PRG-2: this one serves no sockets and has no Redis; what is said is about jobs, for how many there are."""
    running._warn.cache_clear()
    for _ in range(2):
        with job_progress(ada, "Import") as job:
            job.tell()
            job.tell()
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "only their beginning and their end" in said and "REDIS_URL" in said


def test_nobody_else_sees_it(hubbub_sync: SyncEngine, ada: Any) -> None:
    """PRG-1"""
    for each in hubbub_sync.pair("bob", "cleo"):
        assert each.error("subscribe", f"progress.{ada.pk}") == "forbidden"


def test_a_job_whose_process_is_gone_is_given_up(page: SyncConnection, ada: Any) -> None:
    """PRG-3: one that says that it runs is not; its own end counts, should it come after all."""
    with job_progress(ada, "Import") as job:
        Job.objects.update(alive_at=timezone.now() - timedelta(seconds=actions.LOST_SECONDS + 1))
        job.note()
        assert actions.give_up_lost(SYSTEM) == 0
        Job.objects.update(alive_at=timezone.now() - timedelta(seconds=actions.LOST_SECONDS + 1))
        assert actions.give_up_lost(SYSTEM) == 1
        assert page.event("progress.ended")["data"]["outcome"] == "failed"
        assert actions.give_up_lost(SYSTEM) == 0
    assert page.event("progress.ended")["data"]["outcome"] == "done"


def test_ended_jobs_are_forgotten(ada: Any) -> None:
    for title in ("old", "new", "running"):
        actions.begin(SYSTEM, ada.pk, title)
    Job.objects.exclude(title="running").update(outcome="done")
    Job.objects.exclude(title="new").update(alive_at=timezone.now() - timedelta(days=actions.KEEP_DAYS + 1))
    assert actions.prune(SYSTEM, 10) == 1
    assert set(Job.objects.values_list("title", flat=True)) == {"new", "running"}


async def test_in_async_code(hubbub_engine: Any) -> None:
    """PRG-1 EVT-6"""
    alice, _ = await hubbub_engine.pair()
    await alice.subscribe(f"progress.{alice.user.pk}")
    async with job_progress(alice.user, "Import") as job:
        await alice.event("progress.started")
        job.update(0.5)
        await alice.event("progress.advanced")
    await alice.event("progress.ended")
    with pytest.raises(SynchronousOnlyOperation, match="async with"):
        job_progress(alice.user, "Import").__enter__()


def test_its_thread_ends_with_the_last_job(ada: Any) -> None:
    def threads() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name == "hubbub progress"]

    with job_progress(ada, "One"), job_progress(ada, "Two"):
        (thread,) = threads()
    thread.join(5)
    assert not threads()
