"""When a schedule is due: pure (rule NTF-7)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHORTEST = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Rule:
    """Every so often, or at a time of day in a time zone, on all days or some.

    Raises ValueError for one that is neither or both, too often, or on days or in a zone that there are not.
    """

    every: timedelta | None = None
    at: time | None = None
    days: str = ""
    """``mon wed fri``; empty for every day."""
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        if (self.every is None) == (self.at is None):
            raise ValueError("A schedule is either every so often, or at a time of day.")
        if self.every is not None and self.every < SHORTEST:
            raise ValueError(f"A schedule is due every {SHORTEST.seconds} seconds at most.")
        if unknown := set(self.days.split()) - set(DAYS):
            raise ValueError(f"There is no day {min(unknown)!r}: the days are {' '.join(DAYS)}.")
        zone(self.timezone)

    def next_after(self, now: datetime, last: datetime | None = None) -> datetime:
        """The first time after ``now``; of those that were missed, none. ``last`` is when it was due before."""
        if self.every is not None:
            last = last or now
            return last + self.every * max(1, (now - last) // self.every + 1)
        assert self.at is not None
        here = zone(self.timezone)
        wanted = {DAYS.index(day) for day in self.days.split()} or set(range(7))
        today = now.astimezone(here).date()
        # A week and a day: today's time may be over, and this may be the only day of the week.
        days = [day for day in (today + timedelta(days=n) for n in range(9)) if day.weekday() in wanted]
        # In UTC: an hour that there is twice, or not at all, is compared as what it is.
        times = [datetime.combine(day, self.at, here).astimezone(UTC) for day in days]
        return next(at for at in times if at > now)


def zone(name: str) -> ZoneInfo:
    """A time zone by its name. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"There is no time zone {name!r}: write it as in 'Europe/Berlin'.") from None
