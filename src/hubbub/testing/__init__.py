"""What a project needs to test its own real-time code: fakes of the ports, a fake connection, ``verify_action``.

The fakes pass the same contract suites as the real things.
"""

from hubbub.testing.clock import FakeClock
from hubbub.testing.connection import FakeConnection, settle
from hubbub.testing.engine import MemoryEngine
from hubbub.testing.store import DirectReader, DirectWriter, MemoryStore
from hubbub.testing.verify import ActionMismatch, verify_action

__all__ = [
    "ActionMismatch",
    "DirectReader",
    "DirectWriter",
    "FakeClock",
    "FakeConnection",
    "MemoryEngine",
    "MemoryStore",
    "settle",
    "verify_action",
]
