"""200 clients that stop reading, in a room where others go on: those are unharmed, and memory stays bounded."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import pytest

from tests.durability.client import Client, Times, steadily
from tests.durability.load import judge, last_answers
from tests.durability.world import World, make_world
from tests.hostile.wire import quantile
from tests.services import LiveServer, StartServer
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.durability.usual_outbox"}
STILL = 200
TALKERS = 10
PACE = 0.4
LARGE = "€" * 3300
"""10 KB as it goes over the wire."""
FEW = 100
HARM = 1.1
MEGABYTE = 1_000_000


@dataclass
class Round:
    """What one round has shown."""

    kept_up: bool
    """Whether all did read while they should."""
    reading: float
    """The 99th percentile of the others' deliveries while all read, in seconds."""
    still: float
    """The same from the moment on at which 200 stopped, until the last of them was closed."""
    bytes_each: float
    """By how much the server's memory grew at most, for each of them."""


@contextmanager
def readers(server: LiveServer, topic: str, tokens: list[str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.durability.readers", str(server.port), topic, *tokens]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_them(process: subprocess.Popen[str]) -> None:
    """Until all of them follow the topic."""
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def resident(pid: int) -> int:
    """Bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024


async def stop_reading(server: LiveServer, world: World, watch: Times, seconds: float) -> Round:
    """All read for some time, and then the readers don't, until all of them were closed 4010."""
    closed_before = server.log().count("was closed 4010")
    tokens = list(islice(cycle(list(world.tokens.values())[TALKERS:]), STILL))
    with readers(server, world.topics[0], tokens) as process:
        await asyncio.to_thread(wait_for_them, process)
        began = len(watch.deliveries)
        await asyncio.sleep(seconds)
        reading = watch.deliveries[began:]
        kept_up = server.log().count("was closed 4010") == closed_before
        process.send_signal(signal.SIGSTOP)
        began, before = len(watch.deliveries), resident(server.pid)
        most, closed, deadline = before, 0, time.monotonic() + 120
        while closed < STILL or len(watch.deliveries) < began + FEW:
            assert time.monotonic() < deadline, f"{closed} of them were closed 4010"
            await asyncio.sleep(0.2)  # Looking costs time, too, of those whose time is measured.
            closed = server.log().count("was closed 4010") - closed_before
            most = max(most, resident(server.pid))
        still = watch.deliveries[began:]
    return Round(kept_up, quantile(reading, 0.99), quantile(still, 0.99), (most - before) / STILL)


@pytest.mark.parametrize(("rounds", "seconds"), [(1, 1.0), pytest.param(7, 15.0, marks=pytest.mark.long)])
async def test_others_are_unharmed(live_server_process: StartServer, rounds: int, seconds: float) -> None:
    """LIM-4, EVT-1"""
    server = await asyncio.to_thread(lambda: live_server_process(env=SETTINGS))
    world = await asyncio.to_thread(make_world, server, TALKERS + 40, 1, 0)
    watch = Times()
    talkers = [
        Client(name, server.ws_url, token, world.topics, padding=LARGE, watch=watch, sending=False)
        for name, token in islice(world.tokens.items(), TALKERS)
    ]
    tasks = [asyncio.create_task(client.run()) for client in talkers]
    speaking = [asyncio.create_task(steadily(client, PACE)) for client in talkers]
    await wait_until_async(lambda: all(client.log.acks for client in talkers), "talk", 30)
    shown = [await stop_reading(server, world, watch, seconds) for _ in range(rounds)]
    for task in speaking:
        task.cancel()
    tops = await last_answers(talkers)
    await wait_until_async(lambda: all(client.reached(tops) for client in talkers), "the last events", 30)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    verdict = await asyncio.to_thread(judge, server, talkers)
    for each in shown:
        print(
            f"{STILL} stopped reading: others' p99 {each.reading * 1000:.1f} ms before, {each.still * 1000:.1f} ms "
            f"then; {each.bytes_each / MEGABYTE:.2f} MB for each at most"
        )
    assert verdict.clean, verdict
    assert all(each.bytes_each < MEGABYTE for each in shown)
    assert not watch.resumes, "one of the others was closed"
    if rounds > 1:
        assert all(each.kept_up for each in shown), "the machine is too slow to read: nothing is shown"
        assert median(each.still / each.reading for each in shown) < HARM
