"""What a connection costs that does nothing, and what of it is where."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks import census, generator
from benchmarks.generator import Ready
from benchmarks.plans import Group, Plan, idle
from benchmarks.servers import ALL, BARE_WS, CHANNELS_MEMORY, HUBBUB, Running, Server
from benchmarks.workloads.base import Claim, Column, Figures, Workload

ROOM = 5
BEFORE = 500
"""Clients that are there already when the measurement begins, so that nothing is counted that is made once."""
SETTLE_SECONDS = 2.0


def held(server: Server, running: Running, folder: Path, clients: int) -> AbstractContextManager[Ready]:
    """So many idle clients in rooms of 5; with hubbub in two rooms more, which many share."""
    rooms = {}
    for number in range(clients // ROOM):
        room = f"{folder.name}{number}"
        if server is HUBBUB:
            names = (room, f"shared{number % 50}", "all")
            rooms[room] = [HUBBUB.follower(names, running.credential()) for _ in range(ROOM)]
        else:
            rooms[room] = [server.client(room, running.credential()) for _ in range(ROOM)]
    return generator.clients(running.process, Plan(server.speech, [Group("all", idle(), rooms)]), folder)


def growth(server: Server, running: Running, folder: Path, clients: int) -> float:
    """KiB of memory, shared with nobody, for each of so many idle clients."""
    with held(server, running, folder / "before", BEFORE):
        time.sleep(SETTLE_SECONDS)
        before = running.process.unique_bytes()
        with held(server, running, folder / "more", clients):
            time.sleep(SETTLE_SECONDS)
            return (running.process.unique_bytes() - before) / clients / 1024


class Idle(Workload):
    key = "idle"
    title = "Idle connections"
    text = (
        "Memory of the server that it shares with no other process, for each of 5,000 connections that do nothing: the "
        f"difference to the same server with {BEFORE}. hubbub's have signed in and follow three topics each; the "
        "peers' are nobody's, in one room each. What the kernel keeps for a socket is not counted."
    )
    columns = (Column("kib", "KiB each", ".1f"),)
    claims = (Claim("KiB of an idle session with three subscriptions", ("hubbub", "kib"), at_most=20),)
    rounds = 2
    quick = True
    quick_rounds = 1

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB, CHANNELS_MEMORY, BARE_WS) if quick else ALL

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        clients = 1000 if quick else 5000
        with server.running(folder, 1000) as running:
            return {"kib": growth(server, running, folder, clients)}


class Layers(Workload):
    key = "layers"
    title = "What an idle session consists of"
    text = (
        "By the layer that asked for the memory, in bytes for each of 500 sessions, as Python's `tracemalloc` counts "
        "it. The transport is uvloop's with libuv's handle; the protocol is uvicorn's class and ours; websockets has "
        "its parser's state; the session has its outbox, lanes, limits and actor; the hub has the three subscriptions, "
        "their place in their topics and the topics' names. The handshake is what credentials, routing, the ASGI "
        "application and the consumer still keep. The rest, to what was measured without tracing, is what allocators "
        "round up, and what is allocated beside Python."
    )
    columns = (
        Column("all", "all, without tracing"),
        Column("transport", "transport"),
        Column("protocol", "protocol"),
        Column("websockets", "websockets"),
        Column("session", "session"),
        Column("hub", "hub"),
        Column("handshake", "handshake"),
        Column("other", "other"),
        Column("rest", "rest"),
    )
    rounds = 1

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB,)

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        with HUBBUB.running(folder / "plain", 1000) as running:
            whole = growth(HUBBUB, running, folder / "plain", 5000) * 1024
        with HUBBUB.running(folder / "traced", 1000, {"PYTHONTRACEMALLOC": "6"}) as running:
            found = self._traced(running, folder / "traced", 500)
        return {"all": whole, **found, "rest": whole - sum(found.values())}

    def _traced(self, running: Running, folder: Path, clients: int) -> Figures:
        with held(HUBBUB, running, folder / "before", BEFORE):
            before = census.take(running).layers
            with held(HUBBUB, running, folder / "more", clients):
                after = census.take(running).layers
        return {layer: (size - before.get(layer, 0)) / clients for layer, size in after.items()}
