"""docs/how-to/own-message-type.md and test.md, followed word for word in one project: the second tests the first."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import Block
from tests.docs.reader import Reader

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"

pytestmark = pytest.mark.slow

SETTINGS = """
INSTALLED_APPS = ['hubbub.django', *INSTALLED_APPS, 'channels', 'rest_framework']
DATABASES['default']['ENGINE'] = 'hubbub.django.sqlite'
ASGI_APPLICATION = 'mysite.asgi.application'
"""
ASGI = """
from hubbub.django.application import hubbub_application

application = hubbub_application(application)
"""


def make_project(folder: Path) -> Path:
    """A project as `startproject` makes it, with hubbub."""
    command = [sys.executable, "-m", "django", "startproject", "mysite", str(folder)]
    subprocess.run(command, check=True, timeout=60)
    site = folder / "mysite"
    (site / "settings.py").open("a").write(SETTINGS)
    (site / "asgi.py").open("a").write(ASGI)
    urls = site / "urls.py"
    urls.write_text(urls.read_text().replace("import path", "import include, path"))
    return folder


TSCONFIG = {
    "strict": True,
    "noEmit": True,
    "module": "nodenext",
    "target": "es2022",
    "lib": ["es2022", "dom"],
    "skipLibCheck": True,
    "paths": {"hubbub": [str(ROOT / "clients" / "typescript" / "src" / "index.ts")]},
}


def check_types(reader: Reader, block: Block) -> None:
    """``typescript <file>``: the block is this file, and the compiler finds nothing wrong with it."""
    name = block.mark.split()[1]
    (reader.folder / name).write_text(block.text)
    (reader.folder / "package.json").write_text('{"type": "module"}')
    (reader.folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": TSCONFIG, "files": [name]}))
    command = [str(ROOT / "scripts/node.sh"), str(ROOT / "node_modules/.bin/tsc"), "-p", str(reader.folder)]
    done = subprocess.run(command, cwd=reader.folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{block}:\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = make_project(tmp_path_factory.mktemp("own"))
    env = {"DJANGO_SETTINGS_MODULE": "mysite.settings"}
    with Reader(folder, env, handlers={"typescript": check_types}) as reader:
        yield reader


def test_a_message_type_of_one_s_own(reader: Reader) -> None:
    reader.follow(HOW_TO / "own-message-type.md")


def test_its_tests(reader: Reader) -> None:
    """After the page above: it makes what this one tests."""
    reader.follow(HOW_TO / "test.md")
