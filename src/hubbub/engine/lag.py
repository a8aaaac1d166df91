"""How late the event loop is: what is due waits for whatever holds it up, and so does everybody's message."""

import asyncio
import time

from hubbub.engine.counters import counters

INTERVAL = 0.1
"""Seconds between two looks: whatever holds up the loop for that long is seen."""
ROUNDS = 10


async def measure_lag() -> None:
    """Look at it, and at the pace of events, for as long as the loop runs."""
    while True:
        at, events, worst = time.monotonic(), counters.events, 0.0
        for _ in range(ROUNDS):
            due = time.monotonic() + INTERVAL
            await asyncio.sleep(INTERVAL)
            lag = max(0.0, time.monotonic() - due)
            counters.loop_lag.observe(lag)
            worst = max(worst, lag)
        counters.worst_lag = worst
        counters.pace = (counters.events - events) / (time.monotonic() - at)
