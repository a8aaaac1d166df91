"""The files that are generated from the message types are up to date, and the command says so when they are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = (
    "docs/reference/schema.json",
    "docs/reference/openapi.json",
    "docs/reference/rest-routes.md",
    "docs/reference/asyncapi.json",
    "docs/reference/protocol-messages.md",
    "clients/typescript/src/generated.ts",
)


def schema(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`hubbub schema` below a folder; a process of its own, since tests of this run register messages too."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "hubbub", "schema", *args]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def test_what_is_committed_is_up_to_date() -> None:
    """Otherwise run `hubbub schema --write`."""
    done = schema(ROOT, "--check")
    assert done.returncode == 0, done.stderr


def test_write_then_check(tmp_path: Path) -> None:
    missing = schema(tmp_path, "--check")
    assert missing.returncode != 0 and "hubbub schema --write" in missing.stderr
    assert all(name in missing.stderr for name in GENERATED)
    assert schema(tmp_path, "--write").returncode == 0
    for name in GENERATED:
        assert (tmp_path / name).read_text() == (ROOT / name).read_text(), name
    (tmp_path / GENERATED[0]).write_text("// by hand")
    stale = schema(tmp_path, "--check")
    assert stale.returncode != 0
    assert [name for name in GENERATED if name in stale.stderr] == [GENERATED[0]]
