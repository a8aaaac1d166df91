"""Statistics over the socket, as a plain client sees them."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.formats.client import Person, connect, full, refused
from tests.services import LiveServer
from tests.waiting import wait_until_async

from .test_metrics import figures

REFERENCE = Path(__file__).parents[2] / "docs/reference/formats.md"


async def test_at_once_and_every_five_seconds(server: LiveServer, staff: Person, ann: Person) -> None:
    """OPS-2"""
    await wait_until_async(lambda: figures(server)["hubbub_sessions"] == 0, "all others are gone")
    began = time.monotonic()
    async with connect(server, "stats/", by=staff) as socket:
        first = await socket.frame()
        assert time.monotonic() - began < 2
        assert first["type"] == "stats"
        assert first["data"]["total_channels"] == 1
        groups = first["data"]["total_groups"]
        assert groups >= 1
        assert isinstance(first["data"]["messages_per_second"], int | float)
        followed = first["data"]["total_subscriptions"]
        async with full(server, ann) as hers:
            await hers.send(id=1, type="chat.join_room", data={"name": "stats"})
            topic = (await hers.frame())["ok"]["conversation"]["topic"]
            await hers.send(id=2, type="subscribe", topic=topic)
            second = await socket.frame()
            assert 4.5 < time.monotonic() - began < 8
            assert second["type"] == "stats"
            assert second["data"]["total_channels"] == 2
            assert second["data"]["total_groups"] == groups + 1
            assert second["data"]["total_subscriptions"] > followed


async def test_every_field_of_the_reference(server: LiveServer, staff: Person) -> None:
    """OPS-2"""
    section = REFERENCE.read_text().split("## Statistics")[1].split("\n## ")[0]
    named = {name for row in re.findall(r"^\|(.*?)\|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    async with connect(server, "stats/", by=staff) as socket:
        assert set((await socket.frame())["data"]) == named


async def test_who_may(server: LiveServer, staff: Person, ann: Person) -> None:
    """OPS-2 AUT-2"""
    assert await refused(server, "stats/") == 4001
    assert await refused(server, "stats/", token="null", by=staff) == 4001
    assert await refused(server, "stats/", by=ann) == 4003
    async with connect(server, "stats/", token=staff.token) as socket:
        assert (await socket.frame())["type"] == "stats"


async def test_what_it_is_told_is_answered(server: LiveServer, staff: Person) -> None:
    """OPS-2 ENV-7: nothing is asked of the client; what isn't JSON is told so, and the socket stays open."""
    async with connect(server, "stats/", by=staff) as socket:
        await socket.frame()
        for text, words in (("{", "Invalid JSON"), (b"\x00", "Invalid JSON"), ("{}", "Unknown message type")):
            await socket.send_text(text)
            assert await socket.error() == words
