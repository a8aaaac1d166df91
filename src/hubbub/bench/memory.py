"""What a server process, and its children, hold of the machine's memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

EVERY_SECONDS = 0.25


class Memory:
    """Of one process and all below it, in bytes; with None as its ``pid`` everything stays None."""

    def __init__(self, pid: int | None) -> None:
        self.before: int | None = None
        self.most: int | None = None
        self._pid = pid

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        if self._pid is None:
            yield
            return
        self.before = self.most = resident(self._pid)
        watching = asyncio.create_task(self._watch(self._pid))
        try:
            yield
        finally:
            watching.cancel()

    async def _watch(self, pid: int) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self.most = max(self.most or 0, resident(pid))


def resident(pid: int) -> int:
    """Bytes that a process and its children have in memory; 0 for one that has ended. On Linux only."""
    total = 0
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += resident(int(child))
    return total
