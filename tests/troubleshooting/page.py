"""The lines that ``docs/troubleshooting.md`` shows, by name; the page is the one place where they stand."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.services import LiveServer
from tests.waiting import wait_until_async

SECONDS = 10.0
AGAIN_SECONDS = 0.05
"""Between two tries, so that nobody runs into a limit."""

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"

_BLOCK = re.compile(r"^```\{code-block\} text\n:name: (\S+)\n(.+?)\n```$", re.MULTILINE)

LINES: dict[str, str] = dict(_BLOCK.findall(PAGE.read_text()))


def pattern(name: str) -> re.Pattern[str]:
    """A line of the page as an expression: ``…`` stands for anything within a line."""
    return re.compile(".*?".join(re.escape(part) for part in LINES[name].split("…")))


async def said_when(server: LiveServer, name: str, attempt: Callable[[], Awaitable[object]]) -> None:
    """Try something until the server writes the line: what clients cause is logged once a second (rule HOST-13)."""
    deadline = time.monotonic() + SECONDS
    while not pattern(name).search(server.log()):
        assert time.monotonic() < deadline, f"never logged: {LINES[name]}\n{server.log()[-3000:]}"
        await attempt()
        await asyncio.sleep(AGAIN_SECONDS)


async def logged(server: LiveServer, name: str) -> None:
    """Wait until the server has written the line."""
    await wait_until_async(lambda: pattern(name).search(server.log()), f"{LINES[name]}\n{server.log()[-3000:]}")
