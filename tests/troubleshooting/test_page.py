"""The page itself: every line that it shows has a test."""

from __future__ import annotations

import re
from pathlib import Path

from tests.troubleshooting.page import LINES, PAGE


def test_every_line_on_the_page_is_tried() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
    named = set(re.findall(r'"((?:log|check|reply|console)-[a-z0-9-]+)"', tests))
    assert named == set(LINES)


def test_every_shown_line_has_a_name() -> None:
    """Or it would be shown without being tried."""
    assert len(re.findall(r"^```\{code-block\} text$", PAGE.read_text(), re.MULTILINE)) == len(LINES)
