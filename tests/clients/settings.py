"""Limits of the scenarios: quick heartbeats, short resumes, and whatever rates a scenario asks for."""

import os

from tests.durability.settings import *  # noqa: F403
from tests.durability.settings import HUBBUB

HUBBUB |= {
    "HEARTBEAT": float(os.environ.get("SCENARIO_HEARTBEAT", "2")),
    "RESUME_LIMIT": 50,
    "OUTBOX_BYTES": 400_000,
    "LIMITS": HUBBUB["LIMITS"] | {"messages": os.environ.get("SCENARIO_MESSAGES", "1000000/s")},
}
