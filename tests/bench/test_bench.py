"""``hubbub bench`` against real servers: a sound one, a faulty one, and none."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.durability.world import SETTINGS, make_world
from tests.services import LiveServer, StartServer, free_port
from tests.stores import SQLITE
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

FAULTY = {"DJANGO_SETTINGS_MODULE": "tests.faulty.settings", "FAULTY": "reply_before_commit"}
HELD_SECONDS = 1
"""How long the replies have to reach the clients, before what they speak of is lost."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    server = LiveServer(tmp_path_factory.mktemp("bench"), env=SETTINGS | SQLITE)
    server.start()
    yield server
    server.kill()


def bench(server: LiveServer, *args: str, url: str = "") -> subprocess.CompletedProcess[str]:
    return server.manage("bench", url or server.url, *args, check=False, timeout=120)


def measured(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert done.returncode == 0, done.stdout + done.stderr
    return {each["scenario"]: each for each in json.loads(done.stdout)}


def rows(server: LiveServer, table: str) -> int:
    with closing(sqlite3.connect(server.data / "hubbub.sqlite3")) as database:
        count: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return count


MADE = ("auth_user", "hubbub_accounts_login", "hubbub_chat_conversation", "hubbub_chat_message", "hubbub_receipt")


def test_a_sound_server_keeps_its_promise_and_nothing_is_left(server: LiveServer) -> None:
    """ACK-1, ACK-2, EVT-1, SUB-2."""
    before = [rows(server, table) for table in MADE]
    scenarios = ("--scenario", "steady", "avalanche", "slow")
    small = ("--clients", "20", "--room", "10", "--rate", "20", "--seconds", "2", "--pid", str(server.pid))
    found = measured(bench(server, *scenarios, *small, "--json"))
    assert list(found) == ["steady", "avalanche", "slow"]
    for each in found.values():
        assert (each["lost"], each["doubled"], each["out_of_order"], each["unanswered"]) == (0, 0, 0, 0)
        assert each["acknowledged"] >= 30
        assert each["expected"] == each["acknowledged"] * 10 == each["delivered"]
        assert each["delivery_p50"] > 0 and each["answer_p99"] > 0
        assert each["memory_most"] >= each["memory_before"] > 20 * 2**20
    assert found["steady"]["resumes"] == 0
    assert found["avalanche"]["resumes"] == 60 and found["avalanche"]["resume_p99"] > 0
    assert [rows(server, table) for table in MADE] == before
    print(f"\nback after an avalanche of 20: p99 {found['avalanche']['resume_p99']:.0f} ms")


@pytest.mark.faults
def test_clients_that_lose_their_network_miss_nothing(server: LiveServer) -> None:
    """SUB-2: each is away once, and the server is not told."""
    found = measured(bench(server, "--scenario", "jitter", "--clients", "20", "--seconds", "17", "--json"))["jitter"]
    print(f"\n{found['resumes']} came back: p99 {found['resume_p99']:.0f} ms, delivered {found['delivered']}")
    assert found["resumes"] >= 20
    assert (found["lost"], found["doubled"], found["out_of_order"], found["resets"]) == (0, 0, 0, 0)
    assert found["expected"] == found["delivered"] > 0


def test_a_table_is_printed_and_what_was_made_may_stay(live_server_process: StartServer) -> None:
    server = live_server_process(env=SETTINGS | SQLITE)
    done = bench(server, "--scenario", "steady", "--clients", "4", "--seconds", "1", "--keep")
    assert done.returncode == 0, done.stderr
    lines = {line.split("  ")[0]: line.split()[-1] for line in done.stdout.splitlines()}
    assert lines["clients"] == "4"
    assert "100 %" in done.stdout and "0 / 0 / 0" in done.stdout
    assert rows(server, "auth_user") == 4 and rows(server, "hubbub_chat_message") >= 9


def test_accounts_that_are_there_already(server: LiveServer, tmp_path: Path) -> None:
    """By their tokens, without a look into the database: they are still there, and the group is empty."""
    world = make_world(server, 4, rooms=0, groups=0, prefix="given")
    tokens = tmp_path / "tokens"
    tokens.write_text("\n".join(world.tokens.values()))
    users = rows(server, "auth_user")
    again = ("--scenario", "steady", "avalanche", "--tokens", str(tokens), "--seconds", "2", "--json")
    for _ in range(2):  # A second run is not answered what the first was.
        for each in measured(bench(server, *again)).values():
            assert each["clients"] == 4 and each["acknowledged"] >= 15
            assert each["expected"] == each["delivered"] == each["acknowledged"] * 4
    assert rows(server, "auth_user") == users
    assert rows(server, "hubbub_chat_participant") == 0


@pytest.mark.faults
def test_a_writer_that_replies_before_it_commits_is_found(live_server_process: StartServer) -> None:
    """ACK-1: the server is killed while messages flow, and comes back; exit code 1."""
    server = live_server_process(env=FAULTY | SQLITE | {"FAULTY_HELD_SECONDS": str(HELD_SECONDS), "FAULTY_DIES": "1"})
    command = [sys.executable, "-m", "hubbub", "bench", server.url, "--scenario", "steady", "--clients", "20"]
    command += ["--rate", "100", "--seconds", "6"]
    running = subprocess.Popen(command, env=server._env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: not server.running, "the kill", 60)
        del server._env["FAULTY_DIES"], server._env["FAULTY_HELD_SECONDS"]
        server.restart()
        output, errors = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 1, output + errors
    assert "is not in the log of chat." in output
    assert "lost, doubled or out of order" in errors
    print("\n" + next(line for line in output.splitlines() if line.startswith("lost / doubled")))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["http://chat.example.org"], "is not this machine"),
        (["ftp://127.0.0.1"], "is no address of a server"),
        (["--clients", "1"], "somebody speaks, and somebody listens"),
        (["--room", "101"], "--room must be from 2 to 100"),
        (["--rate", "0"], "more than 0"),
        (["--tokens", "/nowhere/tokens"], "There is no file"),
        (["--pid", "4194304"], "There is no process"),
    ],
)
def test_wrong_use_is_said(args: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said) as refused:
        call_command("bench", *args)
    assert refused.value.returncode == 2


def test_nobody_serves_there(server: LiveServer) -> None:
    users = rows(server, "auth_user")
    done = bench(server, url=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 2
    assert "does not serve" in done.stderr
    assert rows(server, "auth_user") == users


def test_a_server_on_another_database_is_told_apart(server: LiveServer, live_server_process: StartServer) -> None:
    other = live_server_process(env=SETTINGS | SQLITE)
    done = bench(server, "--clients", "4", "--seconds", "1", url=other.url)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "closed 4001" in done.stderr and "the server's own settings" in done.stderr


def test_a_server_that_takes_fewer_is_quoted(live_server_process: StartServer, tmp_path: Path) -> None:
    server = live_server_process(env=SQLITE | {"DJANGO_SETTINGS_MODULE": "tests.bench.few_sockets"})
    done = bench(server, "--clients", "10", "--room", "10", "--seconds", "1")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "4029" in done.stderr and "raise SOCKETS_PER_ADDRESS" in done.stderr
