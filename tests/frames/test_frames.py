"""The recorded conversations are what the server says today."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.record_frames import FOLDER, LIMITED, QUICK, USUAL, record


@pytest.mark.slow
def test_the_recordings_are_what_the_server_says(tmp_path: Path) -> None:
    """Otherwise run `.venv/bin/python -m scripts.record_frames`, and look at what has changed."""
    record(tmp_path)
    recorded = {path.name: path.read_text() for path in tmp_path.glob("*.jsonl")}
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.jsonl")}
    assert len(recorded) == len(USUAL + LIMITED + QUICK)
    assert recorded == committed


def test_every_line_is_one_that_the_readme_explains() -> None:
    readme = (FOLDER / "README.md").read_text()
    for path in sorted(FOLDER.glob("*.jsonl")):
        first, *lines = map(json.loads, path.read_text().splitlines())
        assert set(first) == {"note"}, path.name
        for line in lines:
            kind = next(iter(line))
            assert kind in ("open", "client", "server", "close") and f'{{"{kind}":' in readme, (path.name, line)
