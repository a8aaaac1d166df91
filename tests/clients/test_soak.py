"""Faults at random, one after another, while both sides talk: 0 lost, 0 doubled, one order, for every client.

``SOAK_SEED`` repeats a run; ``SOAK_SECONDS`` makes it a longer one. `make test-faults` takes a minute for each client.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hubbub.testing import Proxy
from tests.clients.conftest import StartDriver
from tests.clients.driver import Driver
from tests.clients.peer import Peer
from tests.clients.test_scenarios import me_and_you, stored_of, through
from tests.clients.tokens import user_id
from tests.durability.checker import check
from tests.durability.world import World
from tests.services import LiveServer

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SEED = int(os.environ.get("SOAK_SEED", 7))
SECONDS = float(os.environ.get("SOAK_SECONDS", 8))
LONG = 60.0


class Soak:
    """A client behind a bad wire, killed now and then, and a peer with a good one."""

    def __init__(
        self, server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver, queue: Path, seed: int
    ) -> None:
        self.server, self.proxy, self.topics = server, proxy, world.topics
        self.mine, yours = me_and_you(world)
        self.random = random.Random(seed)
        self.queue = str(queue)
        self._start_driver = start_driver
        self._yours = yours
        self.drivers: list[Driver] = []
        self.peers = [Peer(server, yours)]
        self.count = 0
        self.faults: list[str] = []

    @property
    def client(self) -> Driver:
        return self.drivers[-1]

    def start_client(self) -> None:
        self.drivers.append(self._start_driver(f"client-{len(self.drivers)}"))
        self.client.start(through(self.proxy), self.mine, self.topics, queue=self.queue, user=user_id(self.mine))

    def say(self) -> None:
        """Both say something in some room."""
        self.count += 1
        self.client.send(self.random.choice(self.topics), *(f"mine-{self.count}-{n}" for n in range(5)))
        self.peers[-1].send(self.random.choice(self.topics), *(f"yours-{self.count}-{n}" for n in range(3)))

    def fault(self) -> None:
        faults: list[Callable[[], None]] = [self.cut, self.cut_in_the_middle, self.deafen, self.stall]
        fault = self.random.choice([*faults, self.kill_server, self.restart, self.kill_client])
        self.faults.append(fault.__name__)
        fault()

    def cut(self) -> None:
        self.proxy.cut()
        self.say()
        self.proxy.mend()

    def cut_in_the_middle(self) -> None:
        # Who is offline already would not say so again.
        self.client.until_status("online")
        known = len(self.client.statuses)
        self.proxy.cut_after(self.random.randrange(1, 500), to=self.random.choice(["client", "server"]))
        self.say()
        self.client.until(lambda: "offline" in self.client.statuses[known:], "the cut")
        self.proxy.mend()

    def deafen(self) -> None:
        self.proxy.deafen()
        self.say()

    def stall(self) -> None:
        self.proxy.stall(self.random.choice(["client", "server"]))
        self.say()
        self.proxy.resume()

    def kill_server(self) -> None:
        self.client.send(self.topics[0], *(f"killed-{self.count}-{n}" for n in range(20)))
        self.server.kill()
        self._come_back()

    def restart(self) -> None:
        self.client.send(self.topics[0], *(f"restarted-{self.count}-{n}" for n in range(20)))
        self.server.stop()
        self._come_back()

    def _come_back(self) -> None:
        self.server.start()
        self.peers.append(Peer(self.server, self._yours))
        self.count += 1

    def kill_client(self) -> None:
        """What it has told to be queued is sent by the next that opens the queue."""
        self.client.send(self.topics[1], *(f"orphan-{self.count}-{n}" for n in range(20)))
        self.client.kill()
        self.start_client()
        self.count += 1

    def settle(self) -> None:
        """Until all that was queued is in the database, and the last client has seen a last word in each room."""
        self.client.until_live(*self.topics)
        queued = [content for driver in self.drivers for _, content in driver.log.sent]
        self.client.until(lambda: set(queued) <= set(self.kept()), "everything in the database")
        for topic in self.topics:
            self.peers[-1].send(topic, f"last of {topic}")
        self.client.until_seen(*(f"last of {topic}" for topic in self.topics))

    def kept(self) -> list[str]:
        return [content for *_, content in stored_of(self.server, set(self.topics)).messages]

    def judge(self) -> str:
        logs = [*(driver.log for driver in self.drivers), *(peer.log for peer in self.peers)]
        stored = stored_of(self.server, set(self.topics))
        for event in stored.events:
            if event.topic in self.client.log.began:
                self.client.log.ended[event.topic] = max(event.offset, self.client.log.began[event.topic])
        verdict = check(logs, stored)
        assert verdict.clean, verdict
        sent = [content for log in logs for _, content in log.sent]
        assert sorted(self.kept()) == sorted(sent), "every message is there, once"
        return str(verdict)


@pytest.mark.parametrize("seconds", [SECONDS, pytest.param(LONG, marks=pytest.mark.long)])
def test_random_faults(
    server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver, tmp_path: Path, seconds: float
) -> None:
    """ACK-1, ACK-2, EVT-1, EVT-2, SUB-2"""
    soak = Soak(server, proxy, world, start_driver, tmp_path / "queue", SEED)
    soak.start_client()
    soak.client.until_live(*world.topics)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            soak.say()
            soak.fault()
        soak.settle()
        print(f"{soak.judge()}; {len(soak.faults)} faults")
    except BaseException:
        print(f"SOAK_SEED={SEED}: {' '.join(soak.faults)}")
        raise
