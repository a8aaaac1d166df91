"""What waits for the writer: actions, and what of them is taken together (rules ACK-1 and ENV-4)."""

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from hubbub.django.calls import Call
from hubbub.django.outcomes import Asked
from hubbub.django.transactions import TRY_AGAIN, sqlstate
from hubbub.engine.tracing import here


@dataclass(slots=True, eq=False)
class Job(Asked):
    """An action that waits."""

    action: Callable[[], Any]
    topic: str
    begun: float = field(default_factory=time.monotonic)
    origin: Any = field(default_factory=here)
    """What it was asked by, where somebody traces."""

    @property
    def line(self) -> Hashable:
        """What keeps its order: actions of one topic. Those without a topic have no order to keep."""
        return self.topic or id(self)

    @property
    def kind(self) -> Any:
        """Jobs of one kind can be carried out together; None for one that is carried out alone."""
        if isinstance(self.action, Call) and self.action.action.group is not None:
            return self.action.action
        return None

    def begin(self) -> bool:
        """False where whoever asked has gone before it began."""
        if isinstance(self.future, Future):
            return self.future.set_running_or_notify_cancel()
        return not self.future.cancelled()

    def try_again(self) -> bool:
        return sqlstate(self.error) in TRY_AGAIN


def in_rounds(batch: Iterable[Job]) -> Iterator[list[Job]]:
    """A batch in the order in which it is carried out: in lists of jobs of one kind, and alone.

    Each line keeps its order. First what all lines begin with that can be carried out together, then each line's
    jobs as far as the next such one, and again.
    """
    lines = {line: deque(jobs) for line, jobs in groupby(batch, key=lambda job: job.line)}
    while lines:
        together: dict[Any, list[Job]] = {}
        for jobs in lines.values():
            kind = jobs[0].kind
            while kind is not None and jobs and jobs[0].kind is kind:
                together.setdefault(kind, []).append(jobs.popleft())
        yield from together.values()
        for jobs in lines.values():
            while jobs and jobs[0].kind is None:
                yield [jobs.popleft()]
        lines = {line: jobs for line, jobs in lines.items() if jobs}
