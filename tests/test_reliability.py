"""The page about reliability names tests that there are, and keeps what they have shown."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.results import HEADING, PAGE, named, with_results

ROOT = PAGE.parents[2]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_named_test_is_there() -> None:
    tests = named(PAGE.read_text())
    assert len(tests) > 20
    for test in tests:
        file, _, name = test.partition("::")
        assert name in functions(ROOT / file), test


def test_each_row_says_what_shows_it() -> None:
    tables = PAGE.read_text().split(HEADING)[0]
    rows = [line for line in tables.splitlines() if line.startswith("| ") and not line.startswith("| What happens")]
    assert len(rows) >= 15
    assert [row for row in rows if not named(row) and "There are no" not in row] == []


def test_each_result_is_of_a_named_test() -> None:
    text = PAGE.read_text()
    assert set(named(text.replace(HEADING, ""))) == set(named(text))


def report(test: str, printed: str, *keywords: str, failed: bool = False) -> pytest.TestReport:
    return pytest.TestReport(
        test, ("", 0, ""), dict.fromkeys(keywords, 1), "failed" if failed else "passed", None, "call",
        [("Captured stdout call", printed), ("Captured stdout teardown", "a log")],
    )  # fmt: skip


def test_what_is_written() -> None:
    before = "| it burns | it stands | `tests/a.py::test_one`, `tests/b.py::test_two`, `tests/c.py::test_three` |\n"
    page = (
        before + HEADING + "| `tests/c.py::test_three` | as before | long ago |\n| `tests/d.py::test_gone` | x | y |\n"
    )
    reports = [
        report("tests/a.py::test_one[short]", "2 of 2"),
        report("tests/a.py::test_one[full]", "0 lost | 0 doubled\nof 20\n", "long"),
        report("tests/b.py::test_two", "", failed=True),
        report("tests/e.py::test_not_named", "7"),
    ]
    written = with_results(page, reports, NOW)
    assert written.startswith(before + HEADING)
    first, second, third = [line for line in written.split(HEADING)[1].splitlines() if line.startswith("| `")]
    assert "`tests/a.py::test_one` | *full*<br>0 lost \\| 0 doubled<br>of 20 | 2026-11-21" in first
    assert "`tests/b.py::test_two` | **failed** |" in second
    assert third == "| `tests/c.py::test_three` | as before | long ago |"
    assert with_results(written, [], NOW) == written
