"""Metrics of several workers on one address: whichever is asked speaks for all, also for those that have ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from hubbub.django.tallies import SILENCE, Family, Tallies, add_up
from tests import stores
from tests.durability.world import World, make_world
from tests.processes.conftest import Several, replaced
from tests.processes.test_workers import join
from tests.seeing.conftest import PROMOTE, TOKEN
from tests.seeing.test_metrics import Figures, figures, scrape
from tests.services import started
from tests.waiting import wait_until, wait_until_async

RESTS = ("_total", "_count", "_sum", "_bucket")
"""How the names of what never goes down end."""


@pytest.fixture
def counted(tmp_path: Path, valkey_url: str) -> Iterator[Several]:
    """Two workers, with a token for their metrics."""
    server = Several(tmp_path, valkey_url, 2, env={"HUBBUB_METRICS_TOKEN": TOKEN})
    try:
        with started(server):
            yield server
    finally:
        stores.forget(server.data)


class Scraper(threading.Thread):
    """Asks again and again, each time on a connection of its own, and notes what went down."""

    def __init__(self, server: Several) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.going = True
        self.asked = 0
        self.statuses: set[int] = set()
        self.fallen: list[str] = []

    def run(self) -> None:
        before: Figures = {}
        while self.going and self.server.running:
            try:
                now = figures(self.server)
            except Exception as error:  # A connection that lay with the worker that was killed.
                self.statuses.add(0)
                print(f"not answered: {error!r}")
                continue
            self.asked += 1
            for name, value in before.items():
                if name.split()[0].endswith(RESTS) and now.get(name, 0.0) < value - 1e-6:
                    self.fallen.append(f"{name}: {value} and then {now.get(name)}")
            before = now


async def send(socket: ClientConnection, topic: str, texts: list[str]) -> None:
    for number, text in enumerate(texts):
        data = {"content": text, "client_id": text}
        await socket.send(json.dumps({"id": number + 10, "type": "chat.send", "topic": topic, "data": data}))
        while json.loads(await asyncio.wait_for(socket.recv(), 20)).get("id") != number + 10:
            pass


def holder(server: Several, socket: ClientConnection) -> int:
    """The worker that has taken a connection, as the kernel knows it."""
    ends = f":{server.port:04X}", f":{socket.local_address[1]:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    [inode] = [row[9] for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1])]
    for pid in server.serving():
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if os.readlink(each) == f"socket:[{inode}]":
                    return pid
    raise AssertionError("nobody has it")


async def one_in_each(stack: AsyncExitStack, server: Several, world: World, topic: str) -> dict[int, ClientConnection]:
    """A socket in every worker, by its pid."""
    found: dict[int, ClientConnection] = {}
    while len(found) < server.count:
        socket = await join(stack, server, world, "user00", topic)
        if found.setdefault(holder(server, socket), socket) is not socket:
            await socket.close()
    return found


@pytest.mark.slow
@pytest.mark.faults
async def test_the_sum_of_all_workers_whoever_answers(counted: Several) -> None:
    """OPS-1: one is killed and two are replaced: counts stay and never fall, what was there goes."""
    world = await asyncio.to_thread(make_world, counted, 1, 1, 0)
    topic = world.topics[0]
    scraper = Scraper(counted)

    async def reads(name: str, value: float) -> None:
        await wait_until_async(lambda: figures(counted).get(name) == value, f"{name} {value}: {figures(counted)}", 20)

    async with AsyncExitStack() as stack:
        sockets = await one_in_each(stack, counted, world, topic)
        await reads("hubbub_sessions", 2)
        before = figures(counted)
        frames, actions = before["hubbub_frames_received_total"], before["hubbub_commit_actions_sum"]
        scraper.start()
        for pid, socket in sockets.items():
            await send(socket, topic, [f"{pid} {number}" for number in range(20)])
        await reads("hubbub_frames_received_total", frames + 40)
        await reads("hubbub_commit_actions_sum", actions + 40)
        assert figures(counted)["hubbub_processes"] == 2
        killed, stays = sockets
        os.kill(killed, signal.SIGKILL)
        await wait_until_async(partial(replaced, counted, killed), "another", 30)
        await reads("hubbub_sessions", 1)
        await reads("hubbub_processes", 2)
        after = figures(counted)
        assert after["hubbub_frames_received_total"] == frames + 40
        assert after["hubbub_commit_actions_sum"] == actions + 40
        assert after["hubbub_deliveries_total"] >= before["hubbub_deliveries_total"] + 80
        await send(sockets[stays], topic, [f"later {number}" for number in range(5)])
        await reads("hubbub_frames_received_total", frames + 45)
    counted.signal(signal.SIGHUP)
    await wait_until_async(lambda: "All workers were replaced" in counted.log(), "the end of the replacing", 60)
    await reads("hubbub_processes", 2)
    after = figures(counted)
    assert after["hubbub_frames_received_total"] == frames + 45
    assert after["hubbub_sessions"] == 0
    scraper.going = False
    await asyncio.to_thread(scraper.join)
    print(f"{scraper.asked} answers of the service, 1 worker killed and 2 replaced: {len(scraper.fallen)} counts fell")
    assert scraper.asked > 20
    assert not scraper.fallen, scraper.fallen[:20]


async def test_a_worker_that_hangs_is_seen(counted: Several) -> None:
    """OPS-1: its silence grows, and the others answer."""
    pid = counted.serving()[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        other = counted.serving()[1]
        seen = 0.0
        until_when = time.monotonic() + 30
        while seen <= 4.0:
            assert time.monotonic() < until_when
            try:
                seen = (await asyncio.to_thread(figures, counted))[SILENCE]
            except Exception as error:  # It lay with the one that hangs.
                print(f"not answered: {error!r}")
    finally:
        os.kill(pid, signal.SIGCONT)
    print(f"worker {pid} was silent for {seen:.1f} s, said {other}")
    wait_until(lambda: figures(counted)[SILENCE] < 4.0, "its next word")


def test_without_an_answer_of_the_supervisor(counted: Several) -> None:
    """OPS-1: 503, and not the numbers of one."""
    os.kill(counted.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = scrape(counted)
        print(f"answered {answer.status_code} after {time.monotonic() - began:.1f} s")
        assert answer.status_code == 503
        assert "hubbub_sessions" not in answer.text
    finally:
        os.kill(counted.pid, signal.SIGCONT)
    wait_until(lambda: scrape(counted).status_code == 200, "an answer")


async def test_statistics_are_those_of_all(counted: Several) -> None:
    """OPS-2"""
    world = await asyncio.to_thread(make_world, counted, 1, 1, 0)
    await asyncio.to_thread(counted.manage, "shell", "-v0", "-c", PROMOTE, stdin="user00")
    async with AsyncExitStack() as stack:
        await one_in_each(stack, counted, world, world.topics[0])
        url = f"{counted.ws_url}stats/?token={world.tokens['user00']}"
        socket = await stack.enter_async_context(connect(url, proxy=None))
        frame: dict[str, Any] = {}
        while frame.get("data", {}).get("total_channels") != 3:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 20))
    assert frame["type"] == "stats"


def gauge(value: float, name: str = "now") -> Family:
    return Family(name, "gauge", "", [(name, {}, value)])


def counter(**values: float) -> Family:
    return Family("did", "counter", "", [("did_total", {"what": name}, value) for name, value in values.items()])


def test_how_tallies_are_added() -> None:
    """OPS-1"""
    tallies = Tallies()
    tallies.counted(1, [gauge(3), counter(a=1, b=2), gauge(5, "process_start_time_seconds")])
    tallies.counted(2, [gauge(4), counter(a=10, c=1), gauge(9, "process_start_time_seconds")])
    assert tallies.together() == [gauge(7), counter(a=11, b=2, c=1), gauge(9, "process_start_time_seconds")]
    tallies.counted(1, [gauge(1), counter(a=2, b=2)])
    tallies.ended(1)
    assert add_up([tallies.together()])[:2] == [gauge(4), counter(a=12, c=1, b=2)]
    tallies.ended(2)
    tallies.ended(3)  # It has never said a word.
    tallies.counted(4, [gauge(1), counter(a=1)])
    assert tallies.together() == [gauge(1), counter(a=13, b=2, c=1)]
