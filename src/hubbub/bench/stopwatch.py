"""How long things took, for clients of one process, which share a clock."""

import time
from collections.abc import Sequence


class Stopwatch:
    """Told by clients what happens to them; seconds."""

    def __init__(self) -> None:
        self.deliveries: list[float] = []
        """From the first attempt to send a message to each live receipt. What is read again later is not in it."""
        self.answers: list[float] = []
        """From the first attempt to send a message to its being acknowledged, however many attempts it took."""
        self.resumes: list[float] = []
        """From being able to connect again to following all topics, with everything that was missed."""
        self._sent: dict[str, float] = {}
        self._away: dict[str, float] = {}

    def sent(self, content: str) -> None:
        self._sent.setdefault(content, time.perf_counter())

    def arrived(self, content: str) -> None:
        if content in self._sent:
            self.deliveries.append(time.perf_counter() - self._sent[content])

    def answered(self, content: str) -> None:
        self.answers.append(time.perf_counter() - self._sent[content])

    def away(self, name: str) -> None:
        """A client could connect again from now on; told again, the first time counts."""
        self._away.setdefault(name, time.perf_counter())

    def back(self, name: str) -> None:
        if (since := self._away.pop(name, None)) is not None:
            self.resumes.append(time.perf_counter() - since)

    def gone(self, name: str) -> None:
        """A client cannot connect any more: what it waited for does not count."""
        self._away.pop(name, None)


def quantile(seconds: Sequence[float], share: float) -> float | None:
    """The least of the values that ``share`` of them don't exceed; None where there are none."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
