"""The log as JSON: one line a record, about which session, and nothing that is nobody's business."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from hubbub.engine.logs import AboutSession, session_id
from hubbub.transports.uvicorn.json_logs import JsonFormatter
from hubbub.transports.uvicorn.redact import RedactFilter, log_config
from tests.formats.client import Person, Socket, connect, full, refused, talk
from tests.formats.people import make_people
from tests.seeing.conftest import lines
from tests.services import LiveServer

BODY = "what-nobody-else-should-read"
SECONDS = 10.0


async def logged(server: LiveServer, words: str, attempt: Callable[[], Awaitable[object]]) -> dict[str, Any]:
    """Try something until the log has a line with these words: what clients cause is logged once a second."""
    deadline = time.monotonic() + SECONDS
    while True:
        await attempt()
        if found := [line for line in lines(server) if words in line["message"]]:
            return found[-1]
        assert time.monotonic() < deadline, f"never logged: {words}"
        await asyncio.sleep(0.05)


async def overstep(socket: Socket) -> None:
    """Do what one may not, which is logged."""
    await socket.send(id=1, type="chat.send", topic="chat.987654321", data={"content": BODY})
    assert (await socket.frame())["error"]["code"] == "forbidden"


async def test_a_line_about_a_session_names_it(server: LiveServer, ann: Person) -> None:
    """LOG-1: whichever part of the server writes it."""
    async with connect(server, "", by=ann) as socket:
        session = (await socket.frame())["data"]["session"]
        line = await logged(server, f"'{ann.username}': chat.send refused", lambda: overstep(socket))
        assert line["session"] == session

    async def knock() -> None:
        assert await refused(server, "", token="no.good.token") == 4001

    line = await logged(server, "was closed 4001", knock)
    assert len(line["session"]) == 32 and line["session"] != session


async def test_a_name_stays_on_its_line(server: LiveServer) -> None:
    """LOG-2 HOST-15: line ends and terminal escapes of a user's name."""
    name = 'eve\r\n{"level": "error"}\x1b[31m'
    [eve] = make_people(server, [name])
    async with full(server, eve) as socket:
        await logged(server, "eve", lambda: overstep(socket))
    for raw in server.log().splitlines():
        assert "\x1b" not in raw
        assert not raw.startswith('{"level"')
    assert not any(line["level"] == "error" for line in lines(server))


async def test_no_bodies_tokens_or_cookies(server: LiveServer, ann: Person, bob: Person) -> None:
    """LOG-2 HOST-14: whatever goes right or wrong."""
    id = await talk(server, ann, bob)
    topic = f"chat.{id}"
    async with connect(server, "", token=ann.token) as socket:
        await socket.frame()
        for frame in (
            {"id": 1, "type": "chat.send", "topic": topic, "data": {"content": BODY}},
            {"id": 2, "type": "chat.send", "topic": topic, "data": {"content": [BODY]}},
            {"id": 3, "type": BODY, "topic": topic},
            {"id": 4, "type": "chat.send", "topic": "chat.987654321", "data": {"content": BODY}},
            {"id": 5, "type": "auth.refresh", "data": {"token": bob.refresh}},
        ):
            await socket.send(**frame)
            while (await socket.frame()).get("id") != frame["id"]:
                pass
        await socket.send_text(f'{{"type": "{BODY}"')
        await socket.frame()

    async def knock() -> None:
        assert await refused(server, "", token=bob.expired) == 4001

    await logged(server, "the token has expired", knock)
    log = server.log()
    for secret in (BODY, ann.token, ann.cookie, bob.refresh, bob.expired, bob.cookie):
        assert secret not in log


@pytest.fixture
def record() -> logging.LogRecord:
    return logging.LogRecord("hubbub.session", logging.WARNING, "x.py", 1, "of %r\x1b[31m", ("a\r\nb",), None)


@pytest.fixture
def of_session() -> Iterator[str]:
    token = session_id.set("0123456789abcdef")
    yield session_id.get()
    session_id.reset(token)


def test_a_record_as_json(record: logging.LogRecord, of_session: str) -> None:
    """LOG-1 LOG-2"""
    for each in (RedactFilter(), AboutSession()):
        each.filter(record)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert line["message"] == "of 'a\\r\\nb'\\x1b[31m"
    assert line["session"] == of_session
    assert (line["level"], line["logger"]) == ("warning", "hubbub.session")
    assert line["time"].endswith("+00:00")


def test_a_traceback_as_json() -> None:
    """LOG-2: within the object, its secrets hidden."""
    try:
        raise ValueError("token=abcdef\nsecond line")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed", (), (ValueError, error, None))
    RedactFilter().filter(record)
    line = json.loads(JsonFormatter().format(record))
    assert "ValueError: token=[redacted]" in line["trace"] and "second line" in line["trace"]


def test_a_request_as_json() -> None:
    """LOG-2"""
    args = ("127.0.0.1:5", "GET", "/ws/?token=abc", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "x.py", 1, '%s - "%s %s HTTP/%s" %d', args, None)
    RedactFilter().filter(record)
    line = json.loads(JsonFormatter().format(record))
    assert (line["client"], line["method"], line["status"]) == ("127.0.0.1:5", "GET", 200)
    assert line["path"] == "/ws/?token=[redacted]"


def test_the_text_says_the_session_once(record: logging.LogRecord, of_session: str) -> None:
    """LOG-1: after the message, unless that has it."""
    AboutSession().filter(record)
    assert record.about == f" (session {of_session})"  # type: ignore[attr-defined]
    named = logging.LogRecord("x", logging.INFO, "x.py", 1, "Session %s was closed", (of_session,), None)
    AboutSession().filter(named)
    assert named.about == ""  # type: ignore[attr-defined]


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="HUBBUB_LOG_FORMAT"):
        log_config("INFO", "xml")
