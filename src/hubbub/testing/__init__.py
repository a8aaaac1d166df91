"""What a project needs to test its own real-time code: see ``docs/how-to/test.md``.

The fakes of the engine's ports pass the same contract suites as the real things. pytest loads the fixtures of
``hubbub.testing.plugin`` by itself; everything here works without pytest too.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hubbub.testing.clock import FakeClock
    from hubbub.testing.connection import FakeConnection, assert_no_events, settle
    from hubbub.testing.engine import MemoryEngine
    from hubbub.testing.faults import Faults
    from hubbub.testing.layer import FaultyLayer
    from hubbub.testing.listeners import hear_events
    from hubbub.testing.live import LiveEngine
    from hubbub.testing.project import ProjectEngine
    from hubbub.testing.proxy import Proxy
    from hubbub.testing.server import LiveServer
    from hubbub.testing.store import DirectReader, DirectWriter, MemoryStore
    from hubbub.testing.sync import SyncConnection, SyncEngine
    from hubbub.testing.verify import ActionMismatch, verify_action

_HOME = {
    "ActionMismatch": "verify",
    "DirectReader": "store",
    "DirectWriter": "store",
    "FakeClock": "clock",
    "FakeConnection": "connection",
    "Faults": "faults",
    "FaultyLayer": "layer",
    "LiveEngine": "live",
    "LiveServer": "server",
    "MemoryEngine": "engine",
    "MemoryStore": "store",
    "ProjectEngine": "project",
    "Proxy": "proxy",
    "SyncConnection": "sync",
    "SyncEngine": "sync",
    "assert_no_events": "connection",
    "hear_events": "listeners",
    "settle": "connection",
    "verify_action": "verify",
}

__all__ = [
    "ActionMismatch",
    "DirectReader",
    "DirectWriter",
    "FakeClock",
    "FakeConnection",
    "Faults",
    "FaultyLayer",
    "LiveEngine",
    "LiveServer",
    "MemoryEngine",
    "MemoryStore",
    "ProjectEngine",
    "Proxy",
    "SyncConnection",
    "SyncEngine",
    "assert_no_events",
    "hear_events",
    "settle",
    "verify_action",
]


def __getattr__(name: str) -> Any:
    # Lazy: the plugin beside this is loaded by every pytest run, also of projects that have yet to find their settings.
    if name in _HOME:
        return getattr(import_module(f"hubbub.testing.{_HOME[name]}"), name)
    raise AttributeError(f"module 'hubbub.testing' has no attribute {name!r}")
