"""The line between a worker and its supervisor."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from hubbub.django import supervised
from hubbub.django.lines import Counted, Line, Serving
from hubbub.django.serving import server_config
from hubbub.django.supervised import WorkerServer
from hubbub.django.tallies import Family
from tests.waiting import wait_until_async


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


async def test_what_is_not_taken_does_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-1: while the supervisor is stopped, no more is said than one tally; then it goes on."""
    tally = [Family("much", "gauge", "x" * 500_000, [])]
    counted: list[list[Family]] = []

    def taken() -> list[Family]:
        counted.append(tally)
        return tally

    monkeypatch.setattr(supervised, "taken", taken)
    monkeypatch.setattr(supervised, "COUNT_SECONDS", 0.0)
    ours, theirs = socket.socketpair()
    worker = await Line.open(ours)
    server = WorkerServer(server_config(None), cast(Any, SimpleNamespace(lent=False)), ours)
    telling = asyncio.create_task(server._tell(worker))
    await wait_until_async(lambda: counted, "the first tally")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(worker.flush(), 0.3)
    assert len(counted) == 1
    supervisor = await Line.open(theirs)
    for _ in range(3):
        assert await supervisor.hear() == Counted(tally)
    telling.cancel()
    worker.close()
    supervisor.close()
