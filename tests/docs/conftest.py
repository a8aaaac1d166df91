"""A machine as a reader has it: a Python of one's own, and a place to install hubbub from, but no network."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.reader import Reader
from tests.services import HOST, free_port

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DEFAULT_ADDRESS = "127.0.0.1:8000"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """hubbub's wheel, built from this repository as it stands."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", str(folder), str(ROOT)], check=True, timeout=120)
    (built,) = folder.glob("hubbub-*.whl")
    return built


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is installed here but hubbub itself, which a reader is to install."""
    folder = tmp_path_factory.mktemp("packages")
    for installed in Path(sysconfig.get_path("purelib")).iterdir():
        if "hubbub" not in installed.name and installed.suffix != ".pth":
            (folder / installed.name).symlink_to(installed)
    return folder


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, wheel: Path, packages: Path) -> Iterator[Reader]:
    """Somebody in an empty folder, with a virtual environment without hubbub, and a port of their own."""
    folder = tmp_path_factory.mktemp("reader")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=60)
    path = [str(venv / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    env = {
        "PATH": os.pathsep.join(path),
        "VIRTUAL_ENV": str(venv),
        # What pip finds here it need not fetch, so `pip install` is proven too, with what hubbub says it needs.
        "PYTHONPATH": str(packages),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheel.parent),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "no_proxy": HOST,
    }
    address = f"{HOST}:{free_port()}"
    words = {DEFAULT_ADDRESS: address, "manage.py runserver": f"manage.py runserver {address}"}
    work = folder / "work"
    work.mkdir()
    with Reader(work, env, words) as reader:
        yield reader
