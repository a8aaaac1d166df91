"""The offline checker finds each deliberate bug in a history, and accuses no sound one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.model.history import GRACE_SECONDS, History, judge, read

TOPIC = "chat.1"
Lines = list[dict[str, Any]]


def sound(path: Path) -> Lines:
    """Ann and Ben talk; Ben's connection breaks, he is put out, comes back, and has read everything."""
    history = History(path)
    event = 0

    def say(who: str, *seen_by: str, answered: bool = True) -> None:
        nonlocal event
        event += 1
        content = f"{who}-{event}"
        history.note("sent", who=who, topic=TOPIC, content=content)
        for each in seen_by:
            history.note("saw", who=each, topic=TOPIC, offset=event, content=content)
        if answered:
            history.note("acked", who=who, topic=TOPIC, content=content, offset=event, id=100 + event, number=event)

    for who in ("ann", "ben"):
        history.note("began", who=who, topic=TOPIC, offset=0)
    say("ann", "ann", "ben")
    say("ben", "ben", "ann", answered=False)
    history.note("acked", who="ben", topic=TOPIC, content="ben-2", offset=2, id=102, number=2)  # The repeat.
    say("ben", "ann", "ben", answered=False)
    history.note("read", who="ben", topic=TOPIC, number=3)
    history.note("parted", who="ben", topic=TOPIC, at=1000.0)
    say("ann", "ann", "ben")  # Under way when it ended.
    say("ann", "ann")
    history.note("sent", who="ben", topic=TOPIC, content="ben-x")
    history.note("refused", who="ben", topic=TOPIC, content="ben-x")
    history.note("admitted", who="ben", topic=TOPIC)
    history.note("began", who="ben", topic=TOPIC, offset=5)
    say("ann", "ann", "ben")
    history.note("read", who="ben", topic=TOPIC, number=6)
    for who in ("ann", "ben"):
        history.note("stands", who=who, topic=TOPIC, offset=6)
    for number, who in enumerate(("ann", "ben", "ben", "ann", "ann", "ann"), 1):
        content, at = f"{who}-{number}", 990.0 + number * 4  # The fourth is made six seconds after Ben's end.
        if number == 4:
            at = 1000.1
        history.note("event", topic=TOPIC, offset=number, content=content, at=at)
        history.note("message", topic=TOPIC, number=number, id=100 + number, content=content)
    history.note("cursor", who="ben", topic=TOPIC, number=6, top=6)
    history.close()
    return read(path)


def find(lines: Lines, what: str, **fields: Any) -> int:
    return next(n for n, line in enumerate(lines) if line["what"] == what and fields.items() <= line.items())


def lost(lines: Lines) -> None:
    """A reply before the commit: what was acknowledged is nowhere."""
    for what in ("event", "message"):
        del lines[find(lines, what, content="ann-6")]
    for who in ("ann", "ben"):
        del lines[find(lines, "saw", who=who, offset=6)]
        lines[find(lines, "stands", who=who)]["offset"] = 5


def doubled(lines: Lines) -> None:
    """No deduplication: a repeat is saved again."""
    lines.append({"what": "event", "topic": TOPIC, "offset": 7, "content": "ben-2", "at": 1020.0})
    lines.append({"what": "message", "topic": TOPIC, "number": 7, "id": 107, "content": "ben-2"})


def answered_anew(lines: Lines) -> None:
    """A repeat is told something else."""
    lines.append({**lines[find(lines, "acked", content="ben-2")], "id": 999})


def dropped(lines: Lines) -> None:
    """A wake-up is lost, and nobody looks."""
    del lines[find(lines, "saw", who="ben", offset=2)]


def dropped_at_the_end(lines: Lines) -> None:
    """The last event never comes."""
    del lines[find(lines, "saw", who="ann", offset=6)]


def stale(lines: Lines) -> None:
    """Who is out is shown what was said later."""
    end = find(lines, "saw", who="ann", offset=5)
    lines.insert(end, {"what": "saw", "who": "ben", "topic": TOPIC, "offset": 5, "content": "ann-5"})


def refused_and_there(lines: Lines) -> None:
    lines[find(lines, "refused")]["content"] = "ben-3"


def reordered(lines: Lines) -> None:
    """Two events the wrong way round."""
    first, second = find(lines, "saw", who="ann", offset=2), find(lines, "saw", who="ann", offset=3)
    lines[first], lines[second] = lines[second], lines[first]


def another_order(lines: Lines) -> None:
    """Somebody sees something else at an offset."""
    lines[find(lines, "saw", who="ben", offset=3)]["content"] = "ann-4"


def back(lines: Lines) -> None:
    """A cursor goes back."""
    lines.insert(find(lines, "parted"), {"what": "read", "who": "ben", "topic": TOPIC, "number": 2})


def back_in_the_end(lines: Lines) -> None:
    lines[find(lines, "cursor")]["number"] = 5


BUGS = [
    (lost, "lost"),
    (doubled, "doubled"),
    (answered_anew, "doubled"),
    (dropped, "lost"),
    (dropped_at_the_end, "lost"),
    (stale, "late"),
    (refused_and_there, "doubled"),
    (reordered, "lost"),
    (another_order, "out_of_order"),
    (back, "cursors"),
    (back_in_the_end, "cursors"),
]


def test_a_sound_history_is_clean(tmp_path: Path) -> None:
    judgement = judge(sound(tmp_path / "history.jsonl"))
    assert judgement.clean, judgement
    assert (judgement.verdict.acknowledged, judgement.verdict.unanswered) == (5, 2)
    assert 0 < judgement.slowest < GRACE_SECONDS


@pytest.mark.parametrize(("bug", "found"), BUGS, ids=lambda each: getattr(each, "__name__", each))
def test_a_deliberate_bug_is_found(bug: Callable[[Lines], None], found: str, tmp_path: Path) -> None:
    lines = sound(tmp_path / "history.jsonl")
    bug(lines)
    judgement = judge(lines)
    assert not judgement.clean
    assert getattr(judgement, found, None) or getattr(judgement.verdict, found), judgement


def test_offline(tmp_path: Path) -> None:
    """The file alone is enough."""

    def run(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.model.history", str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    lines = sound(good)
    dropped(lines)
    bad.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run(good).returncode == 0
    assert run(bad).returncode == 1
    assert "1 lost" in run(bad).stdout
