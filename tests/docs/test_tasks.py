"""docs/tutorial/tasks.md, done from the first line to the last: what comes of it is `examples/tasks/after`.

What it shows is seen in two browsers, and its Celery worker and broker are real ones.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.blocks import Block, blocks_of
from tests.docs.conftest import DOCS, ROOT
from tests.docs.reader import Reader

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

PAGE = DOCS / "tutorial" / "tasks.md"
AFTER = ROOT / "examples" / "tasks" / "after"
PASSWORD = "correct horse battery"
MADE = ("__pycache__", "db.sqlite3")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What the browser was asked to show; it has no screen to show it on.
NOTE_ALERTS = """
window.alerts = [];
window.Notification = class extends Notification {
  constructor(title, options) { super(title, options); alerts.push(`${title}: ${options.body}`); }
};
"""
POST = """async ([path, data]) => {
  const token = document.querySelector('[name=csrfmiddlewaretoken]').value;
  const headers = { 'X-CSRFToken': token, 'Content-Type': 'application/json' };
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(data) });
  if (!answer.ok) throw new Error(await answer.text());
}"""

WITHDRAW = """
from hubbub.announcements import actions, models
from hubbub.engine.actor import SYSTEM
for each in models.Announcement.objects.all(): actions.withdraw(SYSTEM, each.pk)
"""


class Windows:
    """Ada's browser and Bob's, and what the page says to do in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._people: list[Page] = []
        self.done: list[str] = []

    def do(self, reader: Reader, block: Block) -> None:
        what = block.mark.removeprefix("browsers ")
        if self._people:
            # It notices changes by itself, in a moment that nobody could wait for: what is served now has them all.
            reader.do(next(each for each in blocks_of(PAGE) if each.mark.startswith("serves")))
        else:
            self._people = [self._sign_in(reader, name) for name in ("ada", "bob")]
        for page in self._people:
            page.goto("/")
            page.get_by_role("button", name="Notifications (").wait_for()
        getattr(self, what)(*self._people)
        if what == "announced":
            self._withdrawn(reader, *self._people)
        self.done.append(what)

    def _sign_in(self, reader: Reader, name: str) -> Page:
        context = self._browser.new_context(base_url=reader.put("http://127.0.0.1:8000"), permissions=["notifications"])
        context.add_init_script(NOTE_ALERTS)
        page = context.new_page()
        # A script that the reader has just changed may count as fresh for some seconds.
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.goto("/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")
        return page

    def assigned(self, ada: Page, bob: Page) -> None:
        seconds = []
        for n in (1, 2, 3):
            add(ada, f"Sweep {n}", "bob")
            begin = time.perf_counter()
            bob.get_by_role("button", name=f"Notifications ({n})").wait_for()
            seconds.append(time.perf_counter() - begin)
        print(f"a task is given, and the other's bell counts: {min(seconds):.2f} s")
        assert min(seconds) < 1
        said = [f"ada has a task for you: Sweep {n}" for n in (1, 2, 3)]
        assert bob.evaluate("alerts") == said and ada.evaluate("alerts") == []
        bob.get_by_role("button", name="Notifications").click()
        assert texts(bob, "#news li") == [each.replace(":", "") for each in reversed(said)]
        bob.get_by_role("button", name="Notifications").click()
        bob.get_by_role("button", name="Notifications (0)").wait_for()

    def live(self, ada: Page, bob: Page) -> None:
        add(ada, "Dust", "bob")
        for page in (ada, bob):
            item(page, "Dust (bob)").wait_for()
        item(bob, "Dust (bob)").get_by_role("button", name="Done").click()
        item(ada, "Dust (bob) is done").wait_for()

        # What happens after the page was made, and before its script has connected.
        def meanwhile(route: Route) -> None:
            post(ada, "/api/tasks/", title="Polish")
            route.continue_()

        bob.route("**/client.js", meanwhile)
        bob.reload()
        for page in (ada, bob):
            item(page, "Polish (nobody)").wait_for()
        assert len(texts(bob, "#tasks li")) == len(texts(ada, "#tasks li")) == 5
        bob.unroute_all()

    def announced(self, ada: Page, bob: Page) -> None:
        for page in (ada, bob):
            page.get_by_role("status").get_by_text("Tasks that are left for today: 4").wait_for()
        item(bob, "Sweep 3").get_by_role("button", name="Done").click()
        ada.get_by_role("button", name="Notifications (1)").wait_for()
        assert ada.evaluate("alerts") == ["Sweep 3 is done: "]
        due = datetime.now(UTC) + timedelta(hours=1, seconds=2)
        post(ada, "/api/tasks/", title="Mop", assignee="bob", due=due.isoformat())
        bob.wait_for_function("alerts.length === 2")
        assert bob.evaluate("alerts") == ["ada has a task for you: Mop", "Mop is due soon: "]

    def _withdrawn(self, reader: Reader, *people: Page) -> None:
        reader.do(Block(PAGE, 0, "sh", f'python manage.py shell -c "{WITHDRAW}"'))
        for page in people:
            page.wait_for_function("document.getElementById('banner').textContent === ''")

    def close(self) -> None:
        for page in self._people:
            page.context.close()


def add(page: Page, title: str, assignee: str) -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("For").select_option(assignee)
    page.get_by_role("button", name="Add").click()


def item(page: Page, text: str) -> Any:
    return page.locator("#tasks li").filter(has_text=text)


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_inner_texts()


def post(page: Page, path: str, **data: Any) -> None:
    page.evaluate(POST, [path, data])


@contextmanager
def celery_worker(reader: Reader, block: Block) -> Iterator[None]:
    """The block's worker, from when it waits for tasks."""
    log = reader.folder.parent / "celery.log"
    with log.open("wb") as out:
        command = ["bash", "-ec", f"exec {reader.put(block.text)}"]
        worker = subprocess.Popen(command, cwd=reader.folder, env=reader.env, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 60
        while "ready." not in log.read_text():
            assert worker.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    except BaseException:
        print(f"the Celery worker logged:\n{log.read_text()}")
        raise
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)


def sources(project: Path) -> dict[str, str]:
    """A project's files by their paths, without what running it has made."""
    paths = (path for path in sorted(project.rglob("*")) if path.is_file())
    return {
        path.relative_to(project).as_posix(): path.read_text()
        for path in paths
        if not any(made in path.as_posix() for made in MADE)
    }


@pytest.fixture
def windows(browser: Browser) -> Iterator[Windows]:
    windows = Windows(browser)
    yield windows
    windows.close()


def test_the_tutorial(reader: Reader, windows: Windows, valkey_url: str) -> None:
    (reader.folder / "hubbub").symlink_to(ROOT)
    reader.env["CELERY_BROKER_URL"] = valkey_url
    reader.words["manage.py runserver"] += " --noreload"
    reader.words["celery -A"] = "python -m celery -A"  # The reader's own Python, with hubbub from the wheel.
    with ExitStack() as running:
        reader.handlers["browsers"] = windows.do
        reader.handlers["worker"] = lambda reader, block: running.enter_context(celery_worker(reader, block))
        reader.follow(PAGE)
    assert windows.done == ["assigned", "live", "announced"]

    made = sources(reader.folder)
    if os.environ.get("UPDATE_EXAMPLES"):
        shutil.rmtree(AFTER, ignore_errors=True)
        for name, text in made.items():
            path = AFTER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    assert sources(AFTER) == made, "run this test with UPDATE_EXAMPLES=1, and commit what it writes"
