"""What is done beside the serving: each thing once, by whichever process, and not by one that was told not to."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from hubbub.django import background
from tests import stores
from tests.durability.world import make_world
from tests.processes.test_workers import join, until
from tests.services import LiveServer
from tests.waiting import wait_until, wait_until_async

ENQUEUE = """
import sys
from tests.processes.chores import tasks
for line in sys.stdin.read().splitlines():
    name, *args = line.split()
    getattr(tasks, name).enqueue(args[0], *map(float, args[1:]))
"""
STATES = """
import json
from django_tasks_db.models import DBTaskResult
print("STATES" + json.dumps([(each.args_kwargs["args"][0], each.status, each.exception_class_path)
                             for each in DBTaskResult.objects.all()]))
"""
DUE = """
from django.utils import timezone
from hubbub.django.models import RecurringJob
RecurringJob.objects.update(due=timezone.now())
"""


class Chored(LiveServer):
    """A server, or a worker, beside others on the same data."""

    def __init__(self, folder: Path, name: str, *args: str) -> None:
        super().__init__(folder, args)
        self._env |= {"DJANGO_SETTINGS_MODULE": "tests.processes.chored", "CHORES": str(folder / "chores")}
        self.log_path = folder / f"{name}.log"
        self.name = name

    @property
    def command(self) -> list[str]:
        serve = super().command
        return serve if "serve" in self.name else [*serve[: serve.index("serve")], "worker"]

    def wait_until_ready(self, timeout: float = 30.0) -> None:
        if "serve" in self.name:
            super().wait_until_ready(timeout)
        else:
            wait_until(lambda: "waits for tasks" in self.log() or not self.running, "its start", timeout)
            assert self.running, self.log()


class Kit:
    """Processes on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[Chored] = []

    def start(self, name: str, *args: str) -> Chored:
        one = Chored(self.folder, name, *args)
        if not self.made and "serve" not in name:
            one.manage("migrate", "-v0")
        self.made.append(one)
        one.start()
        return one

    def enqueue(self, *lines: str) -> None:
        self.made[0].manage("shell", "-v0", "-c", ENQUEUE, stdin="\n".join(lines))

    def states(self) -> dict[str, tuple[str, str]]:
        printed = self.made[0].manage("shell", "-v0", "-c", STATES).stdout
        return {name: (status, error) for name, status, error in json.loads(printed.split("STATES")[1])}

    def notes(self, what: str = "") -> list[tuple[str, int]]:
        """What was written, and by which process."""
        file = self.folder / "chores"
        lines = file.read_text().splitlines() if file.exists() else []
        found = [(name, int(pid)) for name, pid in (line.split() for line in lines)]
        return [each for each in found if each[0].startswith(what)]


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    kit = Kit(tmp_path)
    yield kit
    for each in kit.made:
        each.kill()
        print(f"{each.name} logged:\n{each.log()[-8000:]}")
    if kit.made:
        stores.forget(kit.made[0].data)


@pytest.mark.slow
def test_each_thing_once(kit: Kit) -> None:
    """JOB-1 JOB-2: by two workers, and a server beside them."""
    several = [kit.start("worker-1"), kit.start("worker-2"), kit.start("serve")]
    kit.enqueue(*(f"write task-{number}" for number in range(30)))
    wait_until(lambda: len(kit.notes("task")) >= 30, "all tasks", 30)
    before = time.monotonic()
    had = len(kit.notes("chore"))
    wait_until(lambda: len(kit.notes("chore")) >= had + 4, "four more rounds", 30)
    seconds = time.monotonic() - before
    tasks = Counter(name for name, _ in kit.notes("task"))
    print(f"30 tasks by {Counter(pid for _, pid in kit.notes('task'))}, {len(several)} processes looked for them")
    print(f"a job due every 2 s: 4 times in {seconds:.1f} s, by {Counter(pid for _, pid in kit.notes('chore'))}")
    assert set(tasks.values()) == {1} and len(tasks) == 30
    assert seconds > 3 * 2.0 - 1.0
    assert all(status == "SUCCESSFUL" for status, _ in kit.states().values())


@pytest.mark.slow
@pytest.mark.faults
def test_a_worker_is_killed_and_one_is_stopped(kit: Kit) -> None:
    """JOB-2: the task of the first fails, and is not run again; the second ends its own first."""
    first = kit.start("worker-1")
    kit.enqueue("hang killed 60")
    wait_until(lambda: bool(kit.notes("killed")), "its begin")
    first.signal(signal.SIGKILL)
    first.wait()
    second = kit.start("worker-2")
    kit.enqueue("hang stopped 2")
    wait_until(lambda: bool(kit.notes("stopped")), "its begin")
    second.signal(signal.SIGTERM)
    assert second.wait(20) == 0
    assert len(kit.notes("stopped-ended")) == 1
    assert kit.states()["stopped"] == ("SUCCESSFUL", "")
    assert kit.states()["killed"][0] == "RUNNING"
    kit.made[0].manage("shell", "-v0", "-c", DUE)
    third = kit.start("serve")
    wait_until(lambda: "is given up" in third.log(), "that it is given up", 20)
    assert kit.states()["killed"] == ("FAILED", "hubbub.django.background.TaskLost")
    assert len(kit.notes("killed")) == 1


@pytest.mark.slow
def test_a_task_that_hangs(kit: Kit) -> None:
    """JOB-1 JOB-2: what recurs goes on beside it, so the task is marked failed in its time, by this process as well."""
    worker = kit.start("worker")
    kit.enqueue("hang long 60")
    wait_until(lambda: bool(kit.notes("long")), "its begin")
    had = len(kit.notes("chore"))
    wait_until(lambda: len(kit.notes("chore")) >= had + 3, "three rounds beside it", 20)
    kit.made[0].manage("shell", "-v0", "-c", DUE)
    wait_until(lambda: "is given up" in worker.log(), "that it is given up", 20)
    assert kit.states()["long"] == ("FAILED", "hubbub.django.background.TaskLost")
    worker.signal(signal.SIGTERM)
    had = len(kit.notes("chore"))
    with pytest.raises(AssertionError, match="not ended"):
        worker.wait(3)
    assert len(kit.notes("chore")) == had
    worker.signal(signal.SIGTERM)
    assert worker.wait(5) == -signal.SIGTERM


def test_a_server_that_is_told_not_to(kit: Kit) -> None:
    """JOB-2: it leaves them to a worker."""
    server = kit.start("serve", "--no-worker")
    kit.enqueue("write left")
    worker = kit.start("worker")
    wait_until(lambda: bool(kit.notes("left")), "the task")
    assert {pid for _, pid in kit.notes()} == {worker.pid}
    assert server.running


def test_a_task_that_does_not_end_with_its_server(kit: Kit) -> None:
    """JOB-2, HOST-18: the server stops all the same, and says so of the task."""
    server = kit.start("serve")
    kit.enqueue("hang long 60")
    wait_until(lambda: bool(kit.notes("long")), "its begin")
    began = time.monotonic()
    assert server.stop(20) in (0, -signal.SIGTERM)
    print(f"the server ended {time.monotonic() - began:.1f} s after the signal")
    assert kit.states()["long"] == ("FAILED", "hubbub.django.background.TaskLost")


@stores.sqlite_only
@pytest.mark.slow
def test_a_task_that_keeps_others_from_writing(kit: Kit) -> None:
    """JOB-2, HOST-18: it can't be marked failed meanwhile; the server stops in order all the same."""
    server = kit.start("serve")
    kit.enqueue("hang_writing long 60")
    wait_until(lambda: bool(kit.notes("long")), "its begin")
    began = time.monotonic()
    assert server.stop(20) in (0, -signal.SIGTERM)
    print(f"the server ended {time.monotonic() - began:.1f} s after the signal")
    assert "is marked failed only after TASK_SECONDS" in server.log()


def test_the_database_is_away_at_the_end(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """JOB-2, HOST-18: what comes after it in the shutdown is done all the same."""

    def away(reason: str, worker: str) -> int:
        raise OperationalError("no route")

    monkeypatch.setattr(background, "fail_running", away)
    one = background.Background()
    one._queue = object()
    one.end(0)
    assert "only after TASK_SECONDS: no route" in caplog.text


async def test_who_was_away_while_the_log_was_pruned(kit: Kit) -> None:
    """JOB-1 SUB-2: by the server itself, without a command; a client far behind is told, and no message is missing."""
    server = kit.start("serve")
    world = await asyncio.to_thread(make_world, server, 2, 1, 0)
    topic = world.topics[0]
    async with AsyncExitStack() as stack:
        ann = await join(stack, server, world, "user00", topic)
        positions = []
        for number in range(20):
            data = {"content": f"m{number}", "client_id": f"c{number}"}
            await ann.send(json.dumps({"id": 10, "type": "chat.send", "topic": topic, "data": data}))
            positions.append((await until(ann, lambda frame: frame.get("id") == 10))["ok"]["offset"])
        await asyncio.to_thread(server.manage, "shell", "-v0", "-c", DUE)
        await wait_until_async(lambda: "events of long streams: " in server.log(), "the pruning", 20)

        async def since(offset: int) -> dict[str, Any]:
            await ann.send(json.dumps({"id": 11, "type": "unsubscribe", "topic": topic}))
            await until(ann, lambda frame: frame.get("id") == 11)
            await ann.send(json.dumps({"id": 12, "type": "subscribe", "topic": topic}))
            epoch = (await until(ann, lambda frame: frame.get("id") == 12))["ok"]["position"]["epoch"]
            await ann.send(json.dumps({"id": 13, "type": "unsubscribe", "topic": topic}))
            await until(ann, lambda frame: frame.get("id") == 13)
            position = {"epoch": epoch, "offset": offset}
            await ann.send(json.dumps({"id": 14, "type": "subscribe", "topic": topic, "since": position}))
            ok: dict[str, Any] = (await until(ann, lambda frame: frame.get("id") == 14))["ok"]
            return ok

        far, near = await since(positions[2]), await since(positions[-3])
        assert (far["recovered"], far["reset"]) == (False, "too_old")
        assert near["recovered"] and len(near["events"]) == 2
        await ann.send(json.dumps({"id": 15, "type": "chat.history", "topic": topic, "data": {"limit": 50}}))
        history = (await until(ann, lambda frame: frame.get("id") == 15))["ok"]["messages"]
        assert {message["content"] for message in history} == {f"m{number}" for number in range(20)}
