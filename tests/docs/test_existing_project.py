"""docs/how-to/existing-project.md, followed word for word, from the wheel: the example is what comes of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.sync.client import connect

from tests.docs.blocks import blocks_of, lines_changed
from tests.docs.conftest import DOCS, ROOT
from tests.docs.reader import Reader

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = DOCS / "how-to" / "existing-project.md"
EXAMPLE = ROOT / "examples" / "existing_project"
MOST_LINES = 10
PASSWORD = "correct horse battery"


def sources(project: Path) -> dict[str, str]:
    """A project's files by their paths, without what differs each time."""
    return {
        path.relative_to(project).as_posix(): re.sub(
            r"^SECRET_KEY = .*$", "SECRET_KEY = 'django-insecure-made-by-startproject'", path.read_text(), flags=re.M
        )
        for path in sorted(project.rglob("*.py"))
    }


class Followed:
    """The project as it was made, and as the page has changed it, while it is served."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        first, *rest = blocks_of(PAGE)
        reader.do(first)
        self.made = sources(reader.folder)
        for block in rest:
            reader.do(block)
        self.changed = sources(reader.folder)
        self.url = reader.put("http://127.0.0.1:8000")

    def manage(self, *args: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [self.reader.which("python"), "manage.py", *args]
        where = folder or self.reader.folder
        return subprocess.run(command, cwd=where, env=self.reader.env, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def followed(reader: Reader) -> Followed:
    return Followed(reader)


def test_few_lines_change(followed: Followed) -> None:
    counts = {name: lines_changed(followed.made.get(name, ""), text) for name, text in followed.changed.items()}
    changed = {name: count for name, count in counts.items() if count}
    print(f"{sum(changed.values())} lines: {changed}")
    assert 0 < sum(changed.values()) <= MOST_LINES


def test_the_example_is_what_the_page_makes(followed: Followed) -> None:
    if os.environ.get("UPDATE_EXAMPLES"):
        shutil.rmtree(EXAMPLE, ignore_errors=True)
        for name, text in followed.changed.items():
            path = EXAMPLE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    assert sources(EXAMPLE) == followed.changed, "run this test with UPDATE_EXAMPLES=1, and commit what it writes"


def test_it_runs_from_the_wheel(followed: Followed, wheel: Path) -> None:
    """Nothing comes from the repository, and nothing asks for Node: the browser's files are built."""
    python = followed.reader.which("python")
    command = [python, "-c", "import hubbub; print(hubbub.__file__)"]
    done = subprocess.run(command, env=followed.reader.env, capture_output=True, text=True, check=True)
    assert str(ROOT) not in done.stdout and "/venv/" in done.stdout
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "static/hubbub/app.js",
        "static/hubbub/app.css",
        "static/hubbub/embed.js",
        "templates/hubbub/index.html",
    ):
        assert f"hubbub/web/{needed}" in names
    assert not [name for name in names if "/tests/" in name or "node_modules" in name]


class Socket:
    """A client of /ws/ as a program has it, with a token from the command line."""

    def __init__(self, followed: Followed, name: str) -> None:
        token = followed.manage("token", name).stdout.strip()
        self._open = ExitStack()
        url = f"{followed.url.replace('http', 'ws')}/ws/?token={token}"
        self._socket = self._open.enter_context(connect(url, proxy=None))
        self.frames = [self.frame("ready")]

    def ask(self, type: str, topic: str | None = None, **data: Any) -> dict[str, Any]:
        frame = {"id": 1, "type": type, "data": data} | ({"topic": topic} if topic else {})
        self._socket.send(json.dumps(frame))
        reply = self.frame("reply")
        assert "ok" in reply, reply
        ok: dict[str, Any] = reply["ok"]
        return ok

    def frame(self, type: str) -> dict[str, Any]:
        """The next frame of a type."""
        while (frame := json.loads(self._socket.recv(timeout=10)))["type"] != type:
            pass
        return dict(frame)

    def close(self) -> None:
        self._open.close()


def test_messages_by_socket(followed: Followed) -> None:
    ada, bob = Socket(followed, "ada"), Socket(followed, "bob")
    topic = ada.ask("chat.join_room", name="general")["conversation"]["topic"]
    bob.ask("subscribe", topic)
    sent = ada.ask("chat.send", topic, content="hi", client_id="one")
    event = bob.frame("chat.message_sent")
    assert event["data"]["message"] == sent["message"]
    assert sent["message"]["sender"]["username"] == "ada"
    ada.close()
    bob.close()


def signed_in(browser: Browser, followed: Followed, name: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(f"{followed.url}/hubbub/sign-in")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{followed.url}/hubbub/")
    return page


@pytest.mark.browser
def test_messages_in_a_browser(followed: Followed, browser: Browser) -> None:
    """By the page below the project's own path; a reload shows the same address."""
    ada, bob = (signed_in(browser, followed, name) for name in ("ada", "bob"))
    for page in (ada, bob):
        page.goto(f"{followed.url}/hubbub/r/kitchen")
        page.get_by_role("textbox", name="Message").wait_for()
    for writer, other, text in ((ada, bob, "Is there coffee?"), (bob, ada, "In a minute.")):
        writer.get_by_role("textbox", name="Message").fill(text)
        writer.keyboard.press("Enter")
        other.get_by_role("log").get_by_text(text).wait_for()
    bob.reload()
    bob.get_by_role("log").get_by_text("Is there coffee?").wait_for()
    for page in (ada, bob):
        page.context.close()


@pytest.mark.parametrize(
    ("file", "line", "instead", "said"),
    [
        ("settings.py", "    *hubbub.APPS,\n", "", "INSTALLED_APPS = [*hubbub.APPS, ...]"),
        ("settings.py", "    *hubbub.APPS,\n", "    'hubbub.chat',\n", "needs 'hubbub.django' in INSTALLED_APPS"),
        ("settings.py", "'rest_framework_simplejwt.token_blacklist',", "", "hubbub.E101"),
        ("settings.py", "    'hubbub.accounts.middleware.LimitSignIns',\n", "", "hubbub.W101"),
        ("settings.py", "hubbub.django.sqlite", "django.db.backends.sqlite3", "hubbub.W001"),
        ("settings.py", "ASGI_APPLICATION = 'mysite.asgi.application'\n", "", "hubbub.W010"),
        ("settings.py", "mysite.asgi.application", "mysite.asgi.absent", "hubbub.W011"),
        ("settings.py", "mysite.wsgi.application", "mysite.asgi.absent", None),
        ("asgi.py", "hubbub_application(get_asgi_application())", "get_asgi_application()", "hubbub.W012"),
        ("settings.py", "INSTALLED_APPS = [\n", "INSTALLED_APPS = ['django.contrib.staticfiles'] + [\n", "hubbub.W013"),
        ("urls.py", "    path('hubbub/', include('hubbub.urls')),\n", "", "hubbub.W014"),
    ],
)
def test_a_missing_step_is_named(
    followed: Followed, tmp_path: Path, file: str, line: str, instead: str, said: str | None
) -> None:
    project = tmp_path / "project"
    shutil.copytree(followed.reader.folder, project)
    path = project / "mysite" / file
    text = path.read_text()
    if "token_blacklist" in line:
        text = text.replace("*hubbub.APPS", "*[app for app in hubbub.APPS if 'blacklist' not in app]")
    elif "staticfiles" in instead:
        text = text.replace("    'django.contrib.staticfiles',\n", "").replace(line, instead)
    else:
        assert line in text
        text = text.replace(line, instead)
    path.write_text(text)
    done = followed.manage("check", folder=project)
    printed = done.stdout + done.stderr
    if said is None:
        assert "no issues" in printed
    else:
        assert said in printed
        assert "HINT: " in printed or "ImproperlyConfigured: " in printed


def test_an_app_that_registers_nothing_is_named(followed: Followed, tmp_path: Path) -> None:
    """As `startapp` makes it, with topics of its own; as a FeatureConfig nothing is said."""
    project = tmp_path / "project"
    shutil.copytree(followed.reader.folder, project)
    (project / "club").mkdir()
    (project / "club" / "__init__.py").touch()
    (project / "club" / "topics.py").write_text("from hubbub.protocol.registry import TopicKind\n")
    (project / "club" / "apps.py").write_text(
        "from django.apps import AppConfig\n\n\nclass ClubConfig(AppConfig):\n    name = 'club'\n"
    )
    settings = project / "mysite" / "settings.py"
    settings.write_text(settings.read_text().replace("    *hubbub.APPS,\n", "    *hubbub.APPS,\n    'club',\n"))
    said = followed.manage("check", folder=project).stderr
    assert "hubbub.W016" in said and "club.topics" in said and "FeatureConfig" in said
    (project / "club" / "apps.py").write_text(
        "from hubbub.django.apps import FeatureConfig\n\n\nclass ClubConfig(FeatureConfig):\n    name = 'club'\n"
    )
    assert "hubbub.W016" not in followed.manage("check", folder=project).stderr
