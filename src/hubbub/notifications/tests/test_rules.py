"""When a schedule is due next, by its rule."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from hubbub.notifications.rules import Rule

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
NINE = time(9)


@pytest.mark.parametrize(
    ("rule", "now", "next_at"),
    [
        (Rule(at=NINE), NOW, datetime(2026, 11, 23, 9, tzinfo=UTC)),
        (Rule(at=time(13)), NOW, datetime(2026, 11, 22, 13, tzinfo=UTC)),
        (Rule(at=time(12)), NOW, datetime(2026, 11, 23, 12, tzinfo=UTC)),
        (Rule(at=NINE, days="sun"), NOW, datetime(2026, 11, 29, 9, tzinfo=UTC)),
        (Rule(at=NINE, days="wed fri"), NOW, datetime(2026, 11, 25, 9, tzinfo=UTC)),
        (Rule(at=NINE, timezone="Europe/Berlin"), NOW, datetime(2026, 11, 23, 8, tzinfo=UTC)),
        (Rule(at=NINE, days="mon", timezone="Pacific/Auckland"), NOW, datetime(2026, 11, 22, 20, tzinfo=UTC)),
        # 02:30 is skipped there on 29 March, and is there twice on 25 October.
        (
            Rule(at=time(2, 30), timezone="Europe/Berlin"),
            datetime(2026, 3, 29, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),
        (
            Rule(at=time(2, 30), timezone="Europe/Berlin"),
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            datetime(2026, 10, 26, 1, 30, tzinfo=UTC),
        ),
        (Rule(every=timedelta(hours=1)), NOW, NOW + timedelta(hours=1)),
    ],
)
def test_rules(rule: Rule, now: datetime, next_at: datetime) -> None:
    """NTF-7: by the clock on the wall there, whatever becomes of it."""
    assert rule.next_after(now) == next_at


def test_a_span_does_not_drift() -> None:
    """NTF-7: late or missed, the next one is at its own time."""
    rule = Rule(every=timedelta(minutes=10))
    last = NOW - timedelta(minutes=35)
    assert rule.next_after(NOW, last) == NOW + timedelta(minutes=5)
    assert rule.next_after(NOW, NOW) == NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"every": timedelta(hours=1), "at": NINE}, {"every": timedelta(seconds=1)}, {"at": NINE, "days": "someday"},
     {"at": NINE, "timezone": "Mars/North"}],
)  # fmt: skip
def test_rules_that_are_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"schedule|no day|no time zone"):
        Rule(**wrong)
