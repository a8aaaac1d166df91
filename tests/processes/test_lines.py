"""The line between a worker and its supervisor."""

from __future__ import annotations

import socket

import msgspec
import pytest

from hubbub.django.lines import Line, Serving


async def test_what_is_not_understood_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """PRC-3: a new worker may run newer code than its supervisor; what else it says is heard."""
    ours, theirs = socket.socketpair()
    line = await Line.open(ours)
    for said in (b"\xc1", msgspec.msgpack.encode({"type": "Newer"}), msgspec.msgpack.encode(Serving())):
        theirs.sendall(len(said).to_bytes(4) + said)
    assert isinstance(await line.hear(), Serving)
    assert caplog.text.count("don't understand each other") == 1
    theirs.close()
    assert await line.hear() is None
    line.close()
