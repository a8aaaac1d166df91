"""Notifications from views, commands, threads, tasks and Celery, on real servers: each arrives once, whatever dies."""

import asyncio
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hubbub.client import Backoff, Client, TopicReset
from hubbub.notifications.messages import Notified
from tests.services import LiveServer, live_servers
from tests.stores import SQLITE, new_database
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

ROOT = Path(__file__).parents[2]
ENV = {"DJANGO_SETTINGS_MODULE": "tests.publishing.settings", "PYTHONPATH": str(ROOT)}

_ADA = """
from datetime import timedelta
from django.contrib.auth import get_user_model
from hubbub.accounts.actions import sign_in_with_access_token
from hubbub.engine.actor import SYSTEM

ada, _ = get_user_model().objects.get_or_create(username="ada")
print("ADA", ada.pk, sign_in_with_access_token(SYSTEM, ada, timedelta(days=1)))
"""

_STORED = """
from hubbub.notifications.models import Notification
print("STORED", "|".join(Notification.objects.values_list("title", flat=True)))
"""

_DIE = """
from tests.publishing.board.telling import tell
from tests.publishing.board.urls import die_when_committed
die_when_committed()
tell("{title}")
"""


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("many")) as start:
        if request.param == "sqlite":
            yield start(env=ENV | SQLITE)
        else:
            with new_database(request.getfixturevalue("postgres_url")) as url:
                server = start(env=ENV | {"DATABASE_URL": url})
                yield server
                server.kill()


class Reader:
    """Ada's browser: all that it is told, in this order."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        said = server.manage("shell", "--no-imports", "-c", _ADA).stdout.split("ADA")[1].split()
        self.topic, self.token = f"notifications.{said[0]}", said[1]
        self.told: list[str] = []
        self.offsets: list[int] = []

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        subscribed = asyncio.Event()
        task = asyncio.create_task(self._read(subscribed))
        try:
            await asyncio.wait_for(subscribed.wait(), 30)
            yield
        finally:
            task.cancel()

    async def _read(self, subscribed: asyncio.Event) -> None:
        async with Client(self.server.ws_url, token=self.token, backoff=Backoff(0.05, 0.2)) as client:
            topic = client.topic(self.topic)
            await topic.subscribe()
            subscribed.set()
            while True:
                with suppress(TopicReset):
                    async for event in topic:
                        if isinstance(event.data, Notified) and event.position is not None:
                            self.told.append(event.data.notification.title)
                            self.offsets.append(event.position.offset)

    def stored(self) -> list[str]:
        printed = self.server.manage("shell", "--no-imports", "-c", _STORED).stdout
        return printed.split("STORED ")[1].strip().split("|")


def post(server: LiveServer, path: str, title: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    direct.open(urllib.request.Request(f"{server.url}/{path}/{title}/", method="POST"), timeout=60).close()


async def test_who_dies_after_the_commit_has_told(server: LiveServer) -> None:
    """EVT-6: another process, killed before it could wake anybody; then the server itself, from within a view."""
    reader = await asyncio.to_thread(Reader, server)
    async with reader.reading():
        code = _DIE.format(title="killed-command")
        died = await asyncio.to_thread(lambda: server.manage("shell", "--no-imports", "-c", code, check=False))
        assert died.returncode == -9
        await wait_until_async(lambda: "killed-command" in reader.told, "what a killed command has told")
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            await asyncio.to_thread(post, server, "die", "killed-view")
        await asyncio.to_thread(server.wait)
        await asyncio.to_thread(server.restart)
        await wait_until_async(lambda: "killed-view" in reader.told, "what a killed view has told", 20)
    assert reader.told == ["killed-command", "killed-view"]
    stored = await asyncio.to_thread(reader.stored)
    assert [stored.count(title) for title in reader.told] == [1, 1]


@contextmanager
def celery(server: LiveServer, broker: str, processes: int) -> Iterator[Any]:
    """A real worker on a queue of its own; gives the function that sends it a task."""
    from celery import Celery

    queue = f"board-{os.getpid()}-{server.port}"
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "tests.publishing.celery_app", "worker", "-Q", queue),
            *("-c", str(processes), "-l", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        env=server._env | {"BROKER_URL": broker},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # A banner; what it logs is shown.
    )
    app = Celery("board", broker=broker)
    try:
        yield lambda title: app.send_task("tell", [title], queue=queue)
    finally:
        worker.terminate()
        try:
            worker.wait(30)
        finally:
            worker.kill()
            app.close()


async def tell_many(server: LiveServer, broker: str, each: int, commands: int, processes: int) -> None:
    """So many by each way: sync and async views, Celery, and each command's threads and tasks."""
    reader = await asyncio.to_thread(Reader, server)
    expected = [f"{way} {n}" for way in ("view", "async-view", "celery") for n in range(each)]
    expected += [f"command-{c} {n}" for c in range(commands) for n in range(each)]
    expected += [f"command-{c} task {n}" for c in range(commands) for n in range(each // 10)]
    async with reader.reading():
        with celery(server, broker, processes) as by_celery, ThreadPoolExecutor(8) as pool:
            names = [f"command-{c}" for c in range(commands)]
            running: list[Future[Any]] = [
                pool.submit(server.manage, "tell", name, str(each), str(each // 10), timeout=600.0) for name in names
            ]
            for n in range(each):
                by_celery(f"celery {n}")
            running += [pool.submit(post, server, "tell", f"view%20{n}") for n in range(each)]
            running += [pool.submit(post, server, "atell", f"async-view%20{n}") for n in range(each)]
            await asyncio.gather(*map(asyncio.wrap_future, running))
            await wait_until_async(lambda: set(expected) <= set(reader.told), "all notifications", 60 + each / 5)
    told = Counter(reader.told)
    lost, doubled = set(expected) - set(told), [title for title, times in told.items() if times > 1]
    stored = Counter(await asyncio.to_thread(reader.stored))
    print(f"{len(expected)} notifications: {len(lost)} lost, {len(doubled)} doubled")
    assert not lost and not doubled
    assert reader.offsets == sorted(reader.offsets)
    assert {title: stored[title] for title in expected} == dict.fromkeys(expected, 1)
    assert not [title for title in (*told, *stored) if title.startswith("rolled back")]


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
async def test_some_from_everywhere(server: LiveServer, valkey_url: str) -> None:
    """EVT-6: views, Celery, a command's threads and its tasks, at the same time."""
    await tell_many(server, valkey_url, each=48, commands=1, processes=1)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_ten_thousand_from_eight_processes(server: LiveServer, valkey_url: str) -> None:
    """EVT-6: the server, three of Celery, four commands."""
    await tell_many(server, valkey_url, each=1352, commands=4, processes=3)
