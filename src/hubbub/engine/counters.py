"""What this process has counted: plain numbers, added to where things happen, read by whoever wants to see.

Nothing is looked up by a label on the way of an event: a delivery costs no more than an addition for its topic.
``docs/reference/metrics.md`` says what each number means to an operator.
"""

from bisect import bisect_left
from collections import Counter

CLIENT = "client"
"""How connections are counted that the client has ended, or that broke."""

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of times, in seconds."""
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
"""Bounds of counts."""


class Histogram:
    """How often a value lay below each of some bounds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = FAST) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """For each bound the values up to it and above the one before; at last those above all."""
        self.total = 0.0
        """The sum of all values."""

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Counters:
    """All numbers of a process. Each is written by one thread, or so seldom that none is lost."""

    __slots__ = (
        "arrivals", "batches", "behind", "closes", "commits", "commits_failed", "deliveries", "delivery", "dropped",
        "errors", "events", "handshakes", "lanes", "loop_lag", "opening", "pace", "received", "resets", "resumes",
        "transactions", "worst_lag", "writer_waits",
    )  # fmt: skip

    def __init__(self) -> None:
        self.received = 0
        """Frames of clients, whatever they are."""
        self.events = 0
        """Events of topics that somebody here follows."""
        self.deliveries = 0
        """The same for each subscriber: what was handed to sessions."""
        self.dropped: Counter[str] = Counter()
        """Ephemeral events that were not delivered, by cause."""
        self.handshakes: Counter[str] = Counter()
        """Sockets that were asked for, by what came of it."""
        self.closes: Counter[str] = Counter()
        """Sessions that ended, by close code, or ``CLIENT``."""
        self.errors: Counter[str] = Counter()
        """Commands that failed, by the error's code."""
        self.resumes: Counter[str] = Counter()
        """Subscriptions with a ``since``: where the events came from, or why there was a reset."""
        self.resets: Counter[str] = Counter()
        """Subscriptions that were reset while they were live, by reason."""
        self.commits_failed = 0
        """Batches of the writer that were rolled back."""
        self.opening = Histogram()
        """Seconds from a socket's arrival, its credentials checked, until it is let in."""
        self.lanes = Histogram()
        """Seconds that commands waited for those before them in their topic."""
        self.writer_waits = Histogram()
        """Seconds that actions waited for the writer."""
        self.transactions = Histogram()
        """Seconds that batches took until they were to be committed."""
        self.commits = Histogram()
        """Seconds that the commits themselves took."""
        self.delivery = Histogram()
        """Seconds from the commit, or an event's arrival, until it was handed to the sessions."""
        self.batches = Histogram(SIZES)
        """Actions in one transaction."""
        self.arrivals = Histogram()
        """Seconds from an event's birth in another process until it came here, by the layer or the log."""
        self.behind: dict[str, float] = {}
        """When the first event was born that a listener has yet to hear, in seconds since 1970; 0 for none."""
        self.loop_lag = Histogram()
        """Seconds by which the event loop was late."""
        self.pace = 0.0
        """Events a second, of late."""
        self.worst_lag = 0.0
        """The event loop's largest lag of the last second, in seconds."""


counters = Counters()
"""The numbers of this process."""
