"""What happened in a run, as lines of JSON, and the checker that judges it later.

``python -m tests.model.history FILE`` prints the verdict, and ends with 1 where something is wrong. Each line says
``what``, and of whom. The clients write as it happens to them; the database's lines come last.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.durability.checker import Ack, ClientLog, Seen, Stored, Verdict, check

GRACE_SECONDS = 5.0
"""How long after it was made an event of a conversation may still reach who was put out before that.

A second is the promise; but here it is not the time that is judged, on a machine that may be busy.
"""

Line = dict[str, Any]


class History:
    """A file that grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", buffering=1)

    def note(self, what: str, **fields: Any) -> None:
        self._file.write(json.dumps({"what": what, **fields}) + "\n")

    def close(self) -> None:
        self._file.close()


@dataclass
class Judgement:
    """What a history shows."""

    verdict: Verdict
    late: list[str] = field(default_factory=list)
    """Events that were shown to people who were out."""
    cursors: list[str] = field(default_factory=list)
    """Read cursors that went back, or are elsewhere than was said."""
    slowest: float = 0.0
    """Seconds by which an event was younger than the end of who saw it, at most."""

    @property
    def clean(self) -> bool:
        return self.verdict.clean and not self.late and not self.cursors

    def __str__(self) -> str:
        more = "".join(f"\n  {each}" for each in (self.late + self.cursors)[:10])
        return f"{self.verdict}; {len(self.late)} shown too late, {len(self.cursors)} cursors wrong{more}"


def judge(lines: Iterable[Line]) -> Judgement:
    """Judge a run by all of its lines."""
    lines = list(lines)
    of: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        of[line["what"]].append(line)
    events = sorted(of["event"], key=lambda line: (line["topic"], line["offset"]))
    messages = sorted(of["message"], key=lambda line: (line["topic"], line["number"]))
    stored = Stored(
        [Seen(line["topic"], line["offset"], line["content"]) for line in events],
        [(line["topic"], line["number"], line["id"], line["content"]) for line in messages],
    )
    judgement = Judgement(check(_logs(lines), stored))
    there = {line["content"] for line in messages}
    judgement.verdict.doubled += [
        f"{line['content']} was refused, and is there" for line in of["refused"] if line["content"] in there
    ]
    _check_endings(lines, {(line["topic"], line["offset"]): line["at"] for line in events}, judgement)
    _check_cursors(lines, judgement)
    return judgement


def _logs(lines: list[Line]) -> list[ClientLog]:
    """What each one noted, and of each topic what they saw without a break."""
    logs: dict[str, ClientLog] = {}
    parts: dict[tuple[str, str], ClientLog] = {}
    finished: list[ClientLog] = []
    # Who is put out and let in again may have been refused unheard, and what came next was not: then the repeat comes
    # later, and has to. It is counted, but has no place in the sender's order.
    moving = {(line["who"], line["topic"]) for line in lines if line["what"] in ("parted", "admitted")}
    repeated = {line["content"] for line in lines if line["what"] == "repeated"}
    aside = ClientLog("repeated")
    for line in lines:
        what, who = line["what"], line.get("who", "")
        log = logs.setdefault(who, ClientLog(who))
        part = (who, line.get("topic", ""))
        if what == "sent":
            free = part in moving and line["content"] in repeated
            (aside if free else log).sent.append((line["topic"], line["content"]))
        elif what == "acked":
            log.acks.append(Ack(line["content"], line["topic"], line["offset"], line["id"]))
        elif what == "began":  # Also after a reset: what was before is another part.
            if part in parts:
                finished.append(parts[part])
            parts[part] = ClientLog(f"{who} in {line['topic']}", began={line["topic"]: line["offset"]})
        elif what == "saw":
            parts[part].seen.append(Seen(line["topic"], line["offset"], line["content"]))
        elif what == "stands":
            parts[part].ended[line["topic"]] = line["offset"]
    return [*logs.values(), aside, *finished, *parts.values()]


def _check_endings(lines: list[Line], made: dict[tuple[str, int], float], judgement: Judgement) -> None:
    """Who was put out is shown nothing that was made later, until they are let in again."""
    out: dict[tuple[str, str], float] = {}
    for line in lines:
        part = (line.get("who", ""), line.get("topic", ""))
        if line["what"] == "parted":
            out[part] = line["at"]
        elif line["what"] == "admitted":
            out.pop(part, None)
        elif line["what"] == "saw" and part in out:
            age = made.get((line["topic"], line["offset"]), 0.0) - out[part]
            judgement.slowest = max(judgement.slowest, age)
            if age > GRACE_SECONDS:
                judgement.late.append(f"{part[0]} saw {part[1]} {line['offset']}, {age:.1f} s after it had ended")


def _check_cursors(lines: list[Line], judgement: Judgement) -> None:
    """A cursor never goes back while its owner takes part, and ends where it was said to stand, or later."""
    said: dict[tuple[str, str], int] = {}
    for line in lines:
        part = (line.get("who", ""), line.get("topic", ""))
        if line["what"] == "admitted":
            said.pop(part, None)
        elif line["what"] == "read":
            if line["number"] < said.get(part, 0):
                judgement.cursors.append(f"{part[0]}'s cursor went from {said[part]} to {line['number']}")
            said[part] = max(said.get(part, 0), line["number"])
        elif line["what"] == "cursor" and not said.get(part, 0) <= line["number"] <= line["top"]:
            judgement.cursors.append(
                f"{part[0]}'s cursor stands at {line['number']} of {line['top']}: {said.get(part)}"
            )


def read(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def main(paths: list[str]) -> int:
    judgements = [(path, judge(read(Path(path)))) for path in paths]
    for path, judgement in judgements:
        print(f"{path}: {judgement}")
    return 0 if all(judgement.clean for _, judgement in judgements) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
