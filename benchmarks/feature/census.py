"""What a server keeps in memory: counted, and by layer where Python traces its memory (``PYTHONTRACEMALLOC``)."""

import asyncio
import gc
import os
import tracemalloc
from collections import Counter

from benchmarks.feature.messages import CensusReply
from hubbub.engine.engine import Engine

LAYERS = {
    # part of a file's path: the layer; the innermost frame that is of one counts.
    "/hubbub/engine/hub.py": "hub",
    "/hubbub/engine/subscription.py": "hub",
    "/hubbub/protocol/": "hub",  # The topics' names, decoded there.
    "/hubbub/engine/": "session",
    "/hubbub/transports/uvicorn/": "protocol",
    "/hubbub/": "handshake",
    "/uvicorn/": "protocol",
    "/websockets/": "websockets",
    "/django/": "handshake",
    "/channels/": "handshake",
    "/asyncio/runners.py": "transport",  # uvloop is no Python: no frame is further in.
}


def census(engine: Engine) -> CensusReply:
    """Counts everything after a full collection; blocks."""
    gc.collect()
    return CensusReply(
        sessions=len(engine.sessions),
        topics=len(engine.hub.topics),
        subscribers=sum(len(topic.subscribers) for topic in engine.hub.topics.values()),
        connections=sum(engine.limiter.connections.values()),
        tasks=len(asyncio.all_tasks()),
        files=len(os.listdir("/proc/self/fd")),
        objects=len(gc.get_objects()),
        layers=layers() if tracemalloc.is_tracing() else {},
    )


def layers() -> dict[str, int]:
    """Bytes that are allocated now, by the layer that asked for them."""
    found: Counter[str] = Counter()
    for place in tracemalloc.take_snapshot().statistics("traceback"):
        files = [frame.filename for frame in reversed(place.traceback)]
        found[next((layer for file in files if (layer := layer_of(file))), "other")] += place.size
    return dict(found)


def layer_of(file: str) -> str | None:
    inside = file.rpartition("/site-packages")[2]  # The environment's own folder may be named like one of its packages.
    return next((layer for part, layer in LAYERS.items() if part in inside), None)
