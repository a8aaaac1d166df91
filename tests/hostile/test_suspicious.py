"""Log lines that refused clients cause beyond their faults: refused origins, forbidden commands."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubbub.engine.logs import OncePerInterval, quiet_logger
from tests.services import LiveServer, live_servers

from .conftest import Server
from .wire import TEXT, Client, frame, handshake

ROOT = Path(__file__).resolve().parents[2]
SOCKETS = 20

EVIL = b"Origin: https://evil.example"


@pytest.fixture(scope="module")
def hubbub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("suspicious")) as start:
        yield start(env={"DJANGO_SETTINGS_MODULE": "tests.hostile.settings", "PYTHONPATH": str(ROOT)})


def _counted(log: str, about: str) -> tuple[int, int]:
    """Lines about something, and how many events they stand for."""
    lines = [line for line in log.splitlines() if about in line]
    return len(lines), len(lines) + sum(
        int(n) for line in lines for n in re.findall(r"\[(\d+) more suppressed\]", line)
    )


def _refuse(server: LiveServer) -> None:
    client = Client.tcp(server.port)
    client.send(handshake("/ws/?token=s3cr3t", EVIL))
    assert client.status() == 403
    client.close()


def test_refused_origins(hubbub: LiveServer) -> None:
    """HOST-13, ORG-1: many handshakes, few lines, and every one of them counted."""
    start = time.monotonic()
    for _ in range(400):
        _refuse(hubbub)
    time.sleep(1.1)  # what was held back is told by the next line
    _refuse(hubbub)
    took = time.monotonic() - start
    log = hubbub.log()
    for about in ("ALLOWED_ORIGINS", '" 403'):
        lines, events = _counted(log, about)
        print(f"401 handshakes in {took:.2f} s: {lines} lines about {about}, which count {events}")
        assert events == 401
        assert lines <= took + 2
    assert "s3cr3t" not in log


def test_forbidden_commands(hubbub: LiveServer) -> None:
    """HOST-13, SUB-5: a session that tries one topic after the other."""
    start = time.monotonic()
    client = Client.open(hubbub.port)
    for n in range(151):
        if n == 150:
            time.sleep(1.1)
        client.send(frame(TEXT, b'{"id": %d, "type": "subscribe", "topic": "chat.%d"}' % (n, n + 1000)))
        answer = client.read()
        while answer is not None and b'"reply"' not in answer[1]:
            answer = client.read()
        assert answer is not None
        assert json.loads(answer[1])["error"]["code"] == "forbidden"
    took = time.monotonic() - start
    lines, events = _counted(hubbub.log(), "subscribe refused")
    print(f"151 commands in {took:.2f} s: {lines} lines, which count {events}")
    assert events >= 151
    assert lines <= took + 2


def test_too_many_connections(hubbub: LiveServer) -> None:
    """HOST-13, LIM-3"""
    start = time.monotonic()
    kept = [Client.open(hubbub.port) for _ in range(SOCKETS)]
    for n in range(101):
        if n == 100:
            time.sleep(1.1)
        assert Client.open(hubbub.port).close_code() == 4029
    took = time.monotonic() - start
    lines, events = _counted(hubbub.log(), "too many connections")
    print(f"{len(kept)} sockets and 101 more in {took:.2f} s: {lines} lines, which count {events}")
    assert events >= 101
    assert lines <= took + 2


def test_accepted_handshakes_are_logged(server: Server) -> None:
    """HOST-13: what is not refused still has its line."""
    for _ in range(20):
        Client.open(server.port).close()
    assert server.wait_for_log("[accepted]").count("[accepted]") >= 19


def _passed(filter: logging.Filter, *records: tuple[int, str, tuple[object, ...]]) -> list[str]:
    made = [logging.LogRecord("x", level, "", 0, message, args, None) for level, message, args in records]
    return [record.getMessage() for record in made if filter.filter(record)]


def test_the_filter() -> None:
    """HOST-13: only some records, of whatever level, whatever their arguments are."""
    now = 0.0
    once = OncePerInterval(1.0, lambda: now, only=lambda record: "bad" in str(record.msg))
    info, warning = logging.INFO, logging.WARNING
    assert _passed(once, (info, "bad 1", ()), (info, "good", ()), (warning, "bad %d", (2,))) == ["bad 1", "good"]
    now = 1.0
    assert _passed(once, (info, "bad 100%", ()), (info, "bad", ())) == ["bad 100% [1 more suppressed]"]
    now = 2.0
    assert _passed(once, (info, "bad %(n)s", ({"n": 5},))) == ["bad 5 [1 more suppressed]"]


def test_one_filter_for_a_logger() -> None:
    """HOST-13: whoever asks for it gets the same."""
    first, second = quiet_logger("hubbub.tests.quiet"), quiet_logger("hubbub.tests.quiet")
    assert first is second
    assert len(first.filters) == 1
    suspicious = logging.getLogger("hubbub.suspicious")
    assert [type(each) for each in suspicious.filters] == [OncePerInterval]
