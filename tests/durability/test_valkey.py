"""What Valkey may do to two servers that share it, under load: restart, hang, be cut off, be full.

Neither server looks at the log by itself here: what one is told, the other learns by Valkey alone, or by reading the
log once it is back.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack

import pytest

from hubbub.testing import Proxy
from tests.durability.client import Times
from tests.durability.load import acknowledged_tops, clients_of, judge, load
from tests.durability.world import make_world
from tests.hostile.wire import quantile, quantiles
from tests.layers.redis.valkey import Valkey
from tests.services import StartServer
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.postgres]

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.layers.redis.settings"}
CLIENTS = 10
PACE = 0.1
LONG = 30.0
SEND_SECONDS = 1.0
LIVE_SECONDS = 5.0

Fault = Callable[[float], Awaitable[None]]
"""Lasts so many seconds, and is over when it returns."""


class Ways:
    """A Valkey, a way to it, and what may happen to the two."""

    def __init__(self, valkey: Valkey, proxy: Proxy) -> None:
        self._valkey, self._proxy = valkey, proxy
        self.url = f"redis://{proxy.url.partition('//')[2]}"

    async def restarted(self, seconds: float) -> None:
        self._valkey.kill()
        await asyncio.sleep(min(seconds, 3.0))
        await asyncio.to_thread(self._valkey.start)

    async def paused(self, seconds: float) -> None:
        self._valkey.pause()
        await asyncio.sleep(seconds)
        self._valkey.resume()

    async def cut_off(self, seconds: float) -> None:
        self._proxy.cut()
        await asyncio.sleep(seconds)
        self._proxy.mend()

    async def full(self, seconds: float) -> None:
        with self._valkey.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", 1)
            await asyncio.sleep(seconds)
            client.config_set("maxmemory", 0)


@pytest.fixture
def ways() -> Iterator[Ways]:
    with ExitStack() as stack:
        valkey = stack.enter_context(Valkey())
        yield Ways(valkey, stack.enter_context(Proxy(valkey.port)))


@pytest.mark.parametrize("seconds", [2.0, pytest.param(LONG, marks=pytest.mark.long)])
async def test_away_under_load(live_server_process: StartServer, ways: Ways, own_postgres: str, seconds: float) -> None:
    """LAY-7, EVT-5, ACK-1: sends are answered by the database all the while, and everybody catches up."""
    env = SETTINGS | {"REDIS_URL": ways.url, "DATABASE_URL": own_postgres, "SECRET_KEY": "one for both " * 5}
    servers = [await asyncio.to_thread(lambda: live_server_process(env=env)) for _ in range(2)]
    world = await asyncio.to_thread(make_world, servers[0], CLIENTS)
    watch = Times()
    clients = [each for server in servers for each in clients_of(server, world, watch)]
    clients = [*clients[: CLIENTS // 2], *clients[CLIENTS + CLIENTS // 2 :]]  # Half of the people on each.
    sends: dict[str, list[float]] = {}
    live: dict[str, float] = {}

    async def hit(fault: Fault) -> None:
        name = fault.__name__.replace("_", " ")
        began = time.monotonic()
        await fault(seconds)
        healed = time.monotonic()
        tops = acknowledged_tops(clients)
        await wait_until_async(lambda: all(client.reached(tops) for client in clients), "everybody's catching up", 30)
        live[name] = time.monotonic() - healed
        sends[name] = [took for at, took in watch.answered_at if began <= at <= healed]

    faults = [lambda each=each: hit(each) for each in (ways.restarted, ways.paused, ways.cut_off, ways.full)]
    await load(clients, faults, int(4 * seconds * CLIENTS / PACE), pace=PACE)
    verdict = await asyncio.to_thread(judge, servers[0], clients, own_postgres)
    for name, took in sends.items():
        print(f"{name}: {len(took)} sends meanwhile, {quantiles(took)}; all caught up {live[name]:.2f} s after it")
    assert verdict.clean, verdict
    assert verdict.unanswered == 0
    assert all(sends.values())
    assert not [error for client in clients for error in client.errors]
    assert not watch.resumes, "a connection ended"
    assert not [line for server in servers for line in server.log().splitlines() if "Traceback" in line]
    if seconds == LONG:
        assert all(quantile(took, 0.99) < SEND_SECONDS for took in sends.values())
        assert max(live.values()) < LIVE_SECONDS
