"""What hostile clients can make the server write into its log: very little."""

from __future__ import annotations

import logging
import re
import time

import pytest

from hubbub.engine.logs import OncePerInterval
from hubbub.transports.uvicorn.redact import RedactFilter, redact

from .conftest import Server
from .wire import CLOSE, TEXT, Client, frame, handshake

FAULTS = [
    frame(TEXT, b"x" * 65_537),
    frame(TEXT, b"hello", mask=False),
    frame(TEXT, b"\xff"),
    handshake("/ws/", b"Sec-WebSocket-Protocol: \xff"),
]


def _commit(server: Server, bad: bytes) -> None:
    if bad.startswith(b"GET"):
        client = Client.tcp(server.port)
        client.send(bad)
        assert client.status() == 400
    else:
        client = Client.open(server.port)
        client.send(bad)
        assert client.close_code() > 1000
    client.close()


def test_fault_flood(server: Server) -> None:
    """HOST-13: each fault 200 times makes one log line a second, which counts the rest."""
    start = time.monotonic()
    made = 0
    for bad in FAULTS:
        for _ in range(200):
            _commit(server, bad)
            made += 1
    took = time.monotonic() - start
    before = server.log().count("client fault")
    # The next line after this second tells how many were held back.
    while server.log().count("client fault") == before:
        _commit(server, FAULTS[0])
        made += 1
    log = server.log()
    lines = [line for line in log.splitlines() if "client fault" in line]
    held = sum(int(n) for n in re.findall(r"\[(\d+) more suppressed\]", log))
    other = [line for line in log.splitlines() if "ERROR" in line or "Traceback" in line]
    print(f"{made} faults in {took:.2f} s: {len(lines)} log lines that count {held + len(lines)}; {lines[1]}")
    assert before <= took + 2
    assert len(lines) + held == made
    assert not other


def test_fault_while_the_application_sends(server: Server) -> None:
    """HOST-13: an application that sends on to a failed client makes no traceback."""
    for _ in range(50):
        client = Client.open(server.port)
        client.send(frame(TEXT, b"x") * 500 + frame(TEXT, b"\xff") + frame(CLOSE))
        client.close()
    Client.open(server.port).echo(b"alive")
    assert "Traceback" not in server.log()


SECRETS = ["s3cr3t-one", "s3cr3t-two", "s3cr3t-three", "s3cr3t-four"]


def test_token_in_query(server: Server) -> None:
    """HOST-14: no token or ticket reaches the log, spelt plainly or not."""
    one, two, three, four = SECRETS
    paths = [
        f"/ws/?token={one}&page=2",
        f"/ws/?ticket={two}",
        f"/ws/?%74oken={three}",
        f"/ws/?other={four}",
        f"/frames/?access_token={one}",
    ]
    for path in paths:
        Client.open(server.port, path).echo(b"x")
        rejected = Client.tcp(server.port)
        rejected.send(handshake(path, b"Sec-WebSocket-Protocol: \xff"))
        assert rejected.status() == 400
    for path in [*paths[:3], f"/x/?next=%2Fws%2F%3Ftoken%3D{two}", "/x/?page=7"]:
        client = Client.tcp(server.port)
        client.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.status() == 200
    log = server.wait_for_log("page=7")
    print("\n".join(line for line in log.splitlines() if "?" in line))
    assert log.count("redacted") >= 9
    assert "page=2" in log
    assert not [secret for secret in SECRETS if secret in log]


def test_control_characters_in_path(server: Server) -> None:
    """HOST-15: line ends and terminal escapes in a path stay on one line, escaped."""
    before = len(server.log().splitlines())
    path = "/x%0d%0aINFO:%20forged%1b%5b31m%e2%80%ae"
    client = Client.tcp(server.port)
    client.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert client.status() == 200
    Client.open(server.port, "/ws/" + path[1:]).echo(b"x")
    log = server.wait_for_log("accepted")
    lines = log.splitlines()[before:]
    print("\n".join(lines))
    assert sum("forged" in line for line in lines) == 2
    assert not any(line.lstrip().startswith("INFO: forged") for line in lines)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", log)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/ws/?token=abc&x=1", "/ws/?token=[redacted]&x=1"),
        ("/ws/?x=1&Ticket=abc", "/ws/?x=1&Ticket=[redacted]"),
        ("/a?%74%6fken=abc", "/a?%74%6fken=[redacted]"),
        ("/a?refresh_token=abc#f", "/a?refresh_token=[redacted]#f"),
        ("/a?next=%2F%3Fticket%3Dabc", "/a?next=[redacted]"),
        ("/a?api_key=abc&monkey=1", "/a?api_key=[redacted]&monkey=1"),
        ("Authorization: Bearer abcdefghij", "Authorization: Bearer [redacted]"),
        ("subprotocol eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "subprotocol [redacted]"),
        ("closed with code=1009, size=3", "closed with code=1009, size=3"),
    ],
)
def test_redact(text: str, expected: str) -> None:
    """HOST-14: secrets are known by their decoded name, or by their look."""
    assert redact(text) == expected


def _record(message: str, *args: object, name: str = "uvicorn.error") -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "", 0, message, args, None)


def test_records_are_cleaned() -> None:
    """HOST-15: messages, arguments and tracebacks; a record that can't be rendered as well."""
    record = _record('%s - "WebSocket %s" [accepted]', "1.2.3.4:5", "/ws/\r\n?x=1")
    RedactFilter().filter(record)
    assert record.getMessage() == '1.2.3.4:5 - "WebSocket /ws/\\x0d\\x0a?[redacted]" [accepted]'
    record = _record('%s - "%s %s HTTP/%s" %d', "a:1", "GET", "/\x1b?token=t", "1.1", 200, name="uvicorn.access")
    RedactFilter().filter(record)
    assert record.args == ("a:1", "GET", "/\\x1b?token=[redacted]", "1.1", 200)
    record = _record("%d", "no number")
    RedactFilter().filter(record)
    assert record.getMessage() == "log record could not be rendered"
    try:
        raise ValueError("bad\x1b[31m\nINFO: forged token=abc")
    except ValueError as error:
        record = logging.LogRecord("x", 40, "", 0, "m\n", None, (ValueError, error, None))
    RedactFilter().filter(record)
    assert logging.Formatter().format(record) == ("m\n    ValueError: bad\\x1b[31m\n    INFO: forged token=[redacted]")


def test_once_per_interval() -> None:
    """HOST-13: the filter passes one record an interval and counts the others."""
    now = 0.0
    once = OncePerInterval(1.0, lambda: now, least=logging.WARNING)
    passed = []
    for step in range(30):
        now = step / 10
        record = _record("fault %d", step)
        if once.filter(record):
            passed.append(record.getMessage())
    assert passed == ["fault 0", "fault 10 [9 more suppressed]", "fault 20 [9 more suppressed]"]
    assert once.suppressed == 9
    assert not once.filter(logging.LogRecord("x", logging.INFO, "", 0, "connection open", None, None))
    assert once.suppressed == 9


def test_one_kind_of_line_does_not_hide_another() -> None:
    """HOST-13: each for itself."""
    once = OncePerInterval(1.0, lambda: 0.0)
    passed = [
        once.filter(logging.LogRecord("hubbub.suspicious", logging.WARNING, "origins.py", line, "refused", (), None))
        for line in (10, 10, 20, 10, 20)
    ]
    assert passed == [True, False, True, False, False]
    assert once.suppressed == 3
