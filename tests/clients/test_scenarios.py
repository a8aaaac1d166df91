"""What goes wrong between a client and its server, for every client alike: 0 lost, 0 doubled, one order."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubbub.testing import Proxy
from tests.clients.conftest import SETTINGS, StartDriver
from tests.clients.doubling import Doubler
from tests.clients.driver import Driver
from tests.clients.peer import Peer
from tests.clients.tokens import short_token, user_id
from tests.durability.checker import ClientLog, Stored, check
from tests.durability.world import World, make_world, read_stored
from tests.services import LiveServer, StartServer
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def through(proxy: Proxy) -> str:
    return f"ws://127.0.0.1:{proxy.port}/ws/"


def me_and_you(world: World) -> tuple[str, str]:
    mine, yours = world.tokens.values()
    return mine, yours


def judge(server: LiveServer, *others: Driver | Peer, seen: Driver | None = None) -> None:
    """Both tables against what everybody was told; ``seen`` must have got everything in them, to the end."""
    logs: list[ClientLog] = [other.log for other in others]
    topics = {topic for log in logs for topic, _ in log.sent}
    stored = stored_of(server, topics | (set() if seen is None else seen.log.began.keys()))
    if seen is not None:
        for event in stored.events:
            if event.topic in seen.log.began:
                seen.log.ended[event.topic] = max(event.offset, seen.log.began[event.topic])
    verdict = check(logs, stored)
    assert verdict.clean, verdict
    assert verdict.unanswered == 0, verdict
    sent = [content for log in logs for _, content in log.sent]
    kept = [content for *_, content in stored.messages]
    assert sorted(kept) == sorted(sent), "every message is there, once"


def stored_of(server: LiveServer, topics: set[str]) -> Stored:
    """What the database holds of one test's topics: contents are unique in a test, not in a server."""
    return read_stored(server, topics=topics)


def numbered(name: str, count: int) -> list[str]:
    return [f"{name}-{n}" for n in range(count)]


def test_a_cut_connection(server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver) -> None:
    """SUB-2, ACK-2, EVT-1: what happened meanwhile comes, and what was said meanwhile goes out, once."""
    mine, yours = me_and_you(world)
    room = world.topics[0]
    client = start_driver("client")
    client.start(through(proxy), mine, [room])
    client.until_live(room)
    peer = Peer(server, yours)
    peer.send(room, *numbered("before", 3))
    client.until_seen("before-2")
    proxy.cut()
    client.until_status("offline")
    client.send(room, *numbered("mine", 5))
    peer.send(room, *numbered("meanwhile", 10))
    proxy.mend()
    client.until_answered(*numbered("mine", 5))
    peer.send(room, "after")
    client.until_seen("after", *numbered("meanwhile", 10), *numbered("mine", 5))
    judge(server, client, peer, seen=client)
    assert client.statuses == ["connecting", "online", "connecting", "offline", "online"]
    assert not client.of("reset")


def test_a_black_hole(server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver) -> None:
    """HRT-1, ACK-2: a connection on which nothing comes any more, not even its end, is given up."""
    mine, yours = me_and_you(world)
    room = world.topics[0]
    client = start_driver("client")
    client.start(through(proxy), mine, [room])
    client.until_live(room)
    peer = Peer(server, yours)
    proxy.deafen()
    # The server gets these, does them, and its replies are lost.
    client.send(room, *numbered("mine", 3))
    peer.send(room, *numbered("yours", 3))
    client.until_answered(*numbered("mine", 3))
    client.until_seen(*numbered("mine", 3), *numbered("yours", 3))
    judge(server, client, peer, seen=client)
    assert client.statuses == ["connecting", "online", "connecting", "online"]


def test_a_restart(server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver) -> None:
    """CLO-1, ACK-1: SIGTERM says 1012, and the client comes back by itself."""
    mine, yours = me_and_you(world)
    room = world.topics[0]
    client = start_driver("client")
    client.start(through(proxy), mine, [room])
    client.until_live(room)
    server.stop()
    client.until(lambda: "restarting" in client.statuses, "being told of the restart")
    client.send(room, *numbered("mine", 5))
    server.start()
    peer = Peer(server, yours)
    peer.send(room, *numbered("yours", 5))
    client.until_answered(*numbered("mine", 5))
    client.until_seen(*numbered("mine", 5), *numbered("yours", 5))
    judge(server, client, peer, seen=client)
    assert client.statuses[:3] == ["connecting", "online", "restarting"]
    assert client.statuses[-1] == "online"


def test_a_killed_server(server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver) -> None:
    """ACK-1, ACK-2, ENV-4: kill -9 while messages are under way."""
    mine, _ = me_and_you(world)
    room = world.topics[0]
    client = start_driver("client")
    client.start(through(proxy), mine, [room])
    client.until_live(room)
    client.send(room, *numbered("mine", 200))
    client.until_answered(*numbered("mine", 20))
    server.kill()
    assert len(client.log.acks) < 200, "the kill was not in the middle"
    client.until_status("offline")
    server.start()
    client.until_answered(*numbered("mine", 200))
    client.until_seen(*numbered("mine", 200))
    judge(server, client, seen=client)
    assert client.statuses == ["connecting", "online", "connecting", "offline", "online"]


def test_an_expired_token(server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver) -> None:
    """AUT-3, CLO-1: 4001 asks for a fresh token, and the session resumes."""
    mine, yours = me_and_you(world)
    room = world.topics[0]
    client = start_driver("client")  # Before the token is made, which is to last until it has been used.
    short = short_token(server, next(iter(world.tokens)), 8)
    client.start(through(proxy), None, [room], renewable=True)
    client.tell("token", token=short)
    client.until_live(room)
    peer = Peer(server, yours)
    # It asks for another before that one expires, and gets none in time.
    client.until(lambda: len(client.of("token")) == 2, "asking for a fresh token")
    client.until_status("online", "connecting")
    peer.send(room, *numbered("yours", 3))
    client.send(room, *numbered("mine", 3))
    # Whoever asked while the first session lasted gets the first answer.
    client.tell("token", token=mine)
    client.tell("token", token=mine)
    client.until_answered(*numbered("mine", 3))
    client.until_seen(*numbered("mine", 3), *numbered("yours", 3))
    judge(server, client, peer, seen=client)
    assert client.statuses == ["connecting", "online", "connecting", "online"]


def test_a_refused_token(server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver) -> None:
    """AUT-1, AUT-2, CLO-1: without a fresh one this is the end, and the client says so."""
    client = start_driver("client")
    client.start(through(proxy), "no-token", [world.topics[0]])
    client.until_status("connecting", "signed_out")
    client.until(lambda: client.of("ended"), "the end")
    assert client.of("ended")[0]["code"] == "signed_out"


def test_a_slow_reader(live_server_process: StartServer, start_driver: StartDriver) -> None:
    """LIM-4: closed 4010, it resumes, and nothing is missing."""
    # No heartbeat may end the session before its outbox is full, however long that takes.
    server = live_server_process(env=SETTINGS | {"SCENARIO_HEARTBEAT": "300"})
    world = make_world(server, 2, rooms=4, groups=0)
    proxy = Proxy(server.port)
    mine, yours = me_and_you(world)
    client = start_driver("client")
    client.start(through(proxy), mine, world.topics)
    client.until_live(*world.topics)
    user = next(iter(world.tokens))
    peer = Peer(server, yours)
    proxy.stall("client")
    count = 0
    logged = len(server.log())
    while "waited for it to read" not in server.log()[logged:]:
        assert count < 2000, f"{user} was never too slow"
        # Spread over topics, so that no one of them misses more than a resume brings.
        peer.send(world.topics[count % len(world.topics)], *(f"{count}-{n}" + "🂡" * 4000 for n in range(2)))
        count += 1
    proxy.resume()
    last = numbered("last", len(world.topics))
    for topic, content in zip(world.topics, last, strict=True):
        peer.send(topic, content)
    client.until_seen(*last)
    judge(server, client, peer, seen=client)
    assert client.statuses == ["connecting", "online", "connecting", "online"]
    assert not client.of("reset")
    proxy.cut()
    print(f"closed after {2 * count} messages of 16 kB that were not read; all {len(client.log.seen)} came")


_PRUNE = """
from hubbub.django.streams import DjangoStreamStore
DjangoStreamStore().prune({topic!r}, {before})
"""


@pytest.mark.parametrize("reason", ["too_old", "too_far", "epoch"])
def test_a_reset(server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver, reason: str) -> None:
    """SUB-2, SUB-3: what can't be resumed is said, and what happens after it comes in full."""
    mine, yours = me_and_you(world)
    room = world.topics[0]
    client = start_driver("client")
    client.start(through(proxy), mine, [room])
    client.until_live(room)
    peer = Peer(server, yours)
    peer.send(room, *numbered("before", 3))
    client.until_seen("before-2")
    proxy.cut()
    client.until_status("offline")
    peer.send(room, *numbered("meanwhile", 60 if reason == "too_far" else 10))
    if reason == "too_old":
        server.manage("shell", "--no-imports", "-c", _PRUNE.format(topic=room, before=8))
    elif reason == "epoch":
        server.manage("begin_epoch")
    proxy.mend()
    client.until(lambda: client.of("reset"), "a reset")
    peer.send(room, *numbered("after", 3))
    client.until_seen(*numbered("after", 3))
    top = read_top(server, room)
    assert [(told["reason"], told["offset"]) for told in client.of("reset")] == [(reason, top - 3)]
    contents = [told.get("content", "reset") for told in client.told if told["told"] in ("event", "reset")]
    assert contents == [*numbered("before", 3), "reset", *numbered("after", 3)]


def read_top(server: LiveServer, topic: str) -> int:
    return max(event.offset for event in stored_of(server, {topic}).events)


def test_a_killed_client(
    server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver, tmp_path: Path
) -> None:
    """ACK-2: what was queued offline goes out in another run, once and in order, and so does what was half sent."""
    mine, _ = me_and_you(world)
    room = world.topics[0]
    queue = str(tmp_path / "queue")
    user = user_id(mine)
    first = start_driver("first")
    first.start(through(proxy), mine, queue=queue, user=user)
    first.until_status("connecting", "online")
    first.send(room, "online")
    first.until_answered("online")
    proxy.deafen()
    # Sent, done by the server, and never answered.
    first.send(room, "half-sent")
    wait_until(lambda: any(content == "half-sent" for *_, content in stored_of(server, {room}).messages), "half-sent")
    proxy.cut()
    first.until_status("offline")
    first.send(room, *numbered("offline", 20))
    first.kill()
    proxy.mend()
    second = start_driver("second")
    second.start(through(proxy), mine, queue=queue, user=user)
    second.until_answered("half-sent", *numbered("offline", 20))
    judge(server, first, second)
    assert [ack.content for ack in second.log.acks] == ["half-sent", *numbered("offline", 20)]
    assert [content for *_, content in stored_of(server, {room}).messages] == [
        "online",
        "half-sent",
        *numbered("offline", 20),
    ]


def test_a_client_that_starts_offline(
    server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver, tmp_path: Path
) -> None:
    """ACK-2: a device queues before it has ever been online."""
    mine, _ = me_and_you(world)
    room = world.topics[0]
    queue = str(tmp_path / "queue")
    proxy.cut()
    for name in ("first", "second"):
        client = start_driver(name)
        client.start(through(proxy), mine, queue=queue, user=user_id(mine))
        client.send(room, *numbered(name, 3))
        client.until_status("offline")
        client.kill()
    proxy.mend()
    third = start_driver("third")
    third.start(through(proxy), mine, [room], queue=queue, user=user_id(mine))
    third.until_answered(*numbered("first", 3), *numbered("second", 3))
    kept = [content for *_, content in stored_of(server, {room}).messages]
    assert kept == [*numbered("first", 3), *numbered("second", 3)]


def test_not_allowed(server: LiveServer, proxy: Proxy, world: World, start_driver: StartDriver) -> None:
    """CLO-1: after 4003 nothing is tried again."""
    mine, _ = me_and_you(world)
    client = start_driver("client")
    logged = len(server.log())
    # A conversation that there is not: its own socket says so with 4003, as it does to whoever may not enter.
    client.start(f"{through(proxy)}chat/999999/", mine, [world.topics[0]])
    client.until_status("connecting", "not_allowed")
    client.until(lambda: client.of("ended"), "the end")
    assert client.of("ended")[0]["code"] == "not_allowed"
    client.end()
    assert server.log()[logged:].count('"WebSocket /ws/chat/999999/') == 1, "it came back"


def test_rate_limited(live_server_process: StartServer, start_driver: StartDriver) -> None:
    """LIM-2, ENV-4: what is too fast for the server is sent when the server says, once and in order."""
    server = live_server_process(env=SETTINGS | {"SCENARIO_MESSAGES": "5/1s"})
    world = make_world(server, 2, rooms=1, groups=0)
    room = world.topics[0]
    client = start_driver("client")
    client.start(server.ws_url, world.tokens["user00"], [room])
    client.until_live(room)
    client.send(room, *numbered("mine", 15))
    client.until_answered(*numbered("mine", 15))
    client.until_seen(*numbered("mine", 15))
    judge(server, client, seen=client)
    assert client.statuses == ["connecting", "online"]
    assert not client.of("failed")


def test_doubled_frames(server: LiveServer, world: World, start_driver: StartDriver) -> None:
    """EVT-1: an event that comes twice is told once."""
    mine, yours = me_and_you(world)
    room = world.topics[0]
    doublers: list[Doubler] = []

    def double() -> Doubler:
        doublers.append(Doubler())
        return doublers[-1]

    proxy = Proxy(server.port, change=double)
    client = start_driver("client")
    client.start(through(proxy), mine, [room])
    client.until_live(room)
    peer = Peer(server, yours)
    peer.send(room, *numbered("yours", 20))
    client.send(room, "mine")
    client.until_answered("mine")  # its event may come before its reply
    client.until_seen("mine", *numbered("yours", 20))
    judge(server, client, peer, seen=client)
    assert sum(doubler.doubled for doubler in doublers) == 21
    proxy.cut()
