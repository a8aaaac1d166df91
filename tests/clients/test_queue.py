"""The Python client's queue: whose it is, what it keeps, and what it does not send."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from hubbub.chat.messages import Send
from hubbub.client import (
    Backoff,
    Client,
    Expired,
    FileStore,
    OtherUser,
    QueueFileError,
    QueueFull,
    StoredCommand,
    UnknownOutcome,
)
from hubbub.protocol.errors import Empty
from hubbub.testing import Proxy
from tests.durability.world import World, read_stored
from tests.services import LiveServer
from tests.waiting import wait_until_async


def test_one_process_at_a_time(tmp_path: Path):
    path = tmp_path / "queue.sqlite3"
    store = FileStore(path)
    with pytest.raises(QueueFileError, match="in use by another process"):
        FileStore(path)
    store.close()
    FileStore(path).close()


def test_a_file_of_something_else(tmp_path: Path):
    text, other = tmp_path / "text", tmp_path / "other.sqlite3"
    text.write_text("not a database " * 100)
    with pytest.raises(QueueFileError, match="no queue"):
        FileStore(text)
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE t (x)")
    database.close()
    before = other.read_bytes()
    with pytest.raises(QueueFileError, match="something else"):
        FileStore(other)
    assert other.read_bytes() == before  # Nor was it made a WAL database.
    with pytest.raises(QueueFileError, match="can't be used"):
        FileStore(tmp_path / "missing" / "queue.sqlite3")


async def test_a_queue_is_its_users_own(server: LiveServer, world: World, tmp_path: Path):
    """ACK-2: receipts are by author, so as somebody else's a repeat would be a double."""
    mine, yours = world.tokens.values()
    path = tmp_path / "queue.sqlite3"
    room = world.topics[0]
    async with Client(server.ws_url, token=mine, queue=path) as me:
        await me.ready()
    async with Client("ws://127.0.0.1:9/ws/", token=mine, queue=path) as me:
        me.enqueue(Send("mine"), topic=room)
    for token in (yours, None):
        async with Client(server.ws_url, token=token, queue=path) as other:
            with pytest.raises(OtherUser):
                await other.ready()
            assert len(other.queue) == 1
    async with Client(server.ws_url, token=mine, queue=path) as me:
        async with asyncio.timeout(10):
            await me.queue.drained()
    assert [content for *_, content in read_stored(server).messages].count("mine") == 1


async def test_what_failed_for_good_is_kept_unless_somebody_heard(server: LiveServer, world: World, tmp_path: Path):
    mine, _ = world.tokens.values()
    path, room = tmp_path / "queue.sqlite3", world.topics[0]
    async with Client(server.ws_url, token=mine, queue=path) as me:
        with pytest.raises(Empty):
            await me.enqueue(Send(""), topic=room)
        assert me.queue.commands == []
        me.enqueue(Send(" "), topic=room)
        async with asyncio.timeout(10):
            await me.queue.drained()
        assert [str(item.error) for item in me.queue.failed] == ["Empty message"]
    async with Client(server.ws_url, token=mine, queue=path) as me:
        (kept,) = me.queue.failed
        assert isinstance(kept.error, Empty) and kept.data["content"] == " "
        me.queue.retry(kept)
        async with asyncio.timeout(10):
            await me.queue.drained()
        assert me.queue.failed == [kept]
        me.queue.discard(kept)
        assert me.queue.commands == []
    assert FileStore(path).load() == []


async def test_what_may_be_doubled_is_not_sent(server: LiveServer, world: World, tmp_path: Path):
    """ACK-2: past the server's memory only what was never sent goes out by itself."""
    mine, _ = world.tokens.values()
    path, room = tmp_path / "queue.sqlite3", world.topics[0]
    store = FileStore(path)
    for content, tried in (("tried", 1.0), ("never tried", None)):
        data = f'{{"content":"{content}","client_id":"{content}"}}'.encode()
        store.add(StoredCommand(0, "chat.send", room, data, at=1.0, tried=tried))
    store.close()
    async with Client(server.ws_url, token=mine, queue=path) as me:
        async with asyncio.timeout(10):
            await me.queue.drained()
        assert [(type(item.error), item.data["content"]) for item in me.queue.failed] == [(Expired, "tried")]
    assert [content for topic, *_, content in read_stored(server).messages if topic == room] == ["never tried"]


async def test_a_full_queue_says_so(tmp_path: Path):
    async with Client("ws://127.0.0.1:9/ws/", token="x", max_queued=2) as me:
        for n in range(2):
            me.enqueue(Send(str(n)), topic="chat.1")
        with pytest.raises(QueueFull):
            me.enqueue(Send("2"), topic="chat.1")


async def test_a_guests_outcome_may_be_unknown(server: LiveServer, proxy: Proxy, world: World):
    """ACK-2: each connection is another guest, so the server could not tell a repeat."""
    room = world.topics[0]
    async with Client(f"ws://127.0.0.1:{proxy.port}/ws/", backoff=Backoff(0.05, 0.1)) as guest:
        assert await guest.ready() is None
        await guest.enqueue(Send("one"), topic=room)
        proxy.deafen()
        lost = guest.enqueue(Send("two"), topic=room)
        waits = guest.enqueue(Send("three"), topic=room)
        await asyncio.sleep(0)
        outcome = asyncio.ensure_future(lost._wait())
        await wait_until_async(lambda: lost.state == "sending", "the command's being sent")
        proxy.cut()
        with pytest.raises(UnknownOutcome):
            await outcome
        proxy.mend()
        async with asyncio.timeout(10):
            assert (await waits).message.content == "three"


def test_a_full_disk_is_said_before_anything_is_promised(tmp_path: Path):
    store = FileStore(tmp_path / "queue.sqlite3")
    store._database.execute("PRAGMA max_page_count = 8")
    command = StoredCommand(0, "chat.send", "chat.1", os.urandom(40_000).hex().encode(), at=1.0)
    with pytest.raises(QueueFileError, match="full"):
        store.add(command)
    store.close()


def refuse(store: FileStore, *operations: int) -> None:
    """Let SQLite refuse some operations from now on, as a disk would that is full or broken; none: all go again."""
    store._database.set_authorizer(
        (lambda operation, *_: sqlite3.SQLITE_DENY if operation in operations else sqlite3.SQLITE_OK)
        if operations
        else None
    )


def test_what_the_disk_refuses_makes_nothing_after_it_less_safe(tmp_path: Path):
    """ACK-2: what was added is in the file for another process, whatever went wrong before."""
    path = tmp_path / "queue.sqlite3"
    store = FileStore(path)
    key = store.add(StoredCommand(0, "chat.send", "chat.1", b"{}", at=1.0))
    refuse(store, sqlite3.SQLITE_DELETE)
    with pytest.raises(QueueFileError):
        store.remove(key)
    refuse(store)
    assert store._database.execute("PRAGMA synchronous").fetchone() == (2,)
    refuse(store, sqlite3.SQLITE_INSERT)
    with pytest.raises(QueueFileError):
        store.own("7")
    refuse(store)
    store.add(StoredCommand(0, "chat.send", "chat.1", b"{}", at=2.0))
    copy = tmp_path / "copy.sqlite3"  # What a kill at this moment leaves.
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    assert [command.at for command in FileStore(copy).load()] == [1.0, 2.0]


async def test_a_reply_counts_though_the_disk_does_not_take_it(server: LiveServer, world: World, tmp_path: Path):
    """ACK-2: nobody waits for ever, what follows goes out, and the next run doubles nothing."""
    mine, _ = world.tokens.values()
    store = FileStore(tmp_path / "queue.sqlite3")
    async with Client(server.ws_url, token=mine, queue=store) as me:
        await me.ready()
        refuse(store, sqlite3.SQLITE_DELETE)
        async with asyncio.timeout(10):
            await me.enqueue(Send("refused"), topic=world.topics[0])
            await me.enqueue(Send("too"), topic=world.topics[0])
    async with Client(server.ws_url, token=mine, queue=tmp_path / "queue.sqlite3") as me:
        assert len(me.queue) == 2
        async with asyncio.timeout(10):
            await me.queue.drained()
    stored = [content for *_, content in read_stored(server).messages]
    assert [content for content in stored if content in ("refused", "too")] == ["refused", "too"]
