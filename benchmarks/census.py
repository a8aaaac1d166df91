"""Asks hubbub what it keeps: the command ``bench.census`` of the benchmark's feature."""

import json

import msgspec
from websockets.sync.client import connect

from benchmarks.feature.messages import CensusReply
from benchmarks.servers import Running
from tests.services import HOST

PATIENCE_SECONDS = 120.0
"""A traced server looks at every block of its memory."""


def take(running: Running) -> CensusReply:
    """Counts all there is, the session that asks included."""
    token = {"Authorization": f"Bearer {running.credential()}"}
    url = f"ws://{HOST}:{running.process.port}/ws/"
    with connect(url, additional_headers=token, proxy=None, ping_interval=None) as socket:
        socket.send(json.dumps({"id": 1, "type": "bench.census"}))
        while True:
            frame = json.loads(socket.recv(PATIENCE_SECONDS))
            if frame["type"] == "reply":
                return msgspec.convert(frame["ok"], CensusReply)
