"""Accounts hold with a user model of the project's own; that takes other settings, and so another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parent / "swapped" / "run.py"


def test_with_another_user_model(tmp_path):
    settings = "hubbub.accounts.tests.swapped.settings"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--ds={settings}", str(RUN)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings, "HUBBUB_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout
