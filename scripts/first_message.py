"""How long from a fresh clone to a first message: ``.venv/bin/python -m scripts.first_message``.

Clones this repository's last commit into a temporary folder, follows the README with nothing prepared (packages come
from the registries, or pip's and npm's caches), and does in a browser what somebody new would do. Prints each step and
its seconds.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.services import CHROMIUM_ARGS, answers

REPOSITORY = Path(__file__).parent.parent
URL = "http://127.0.0.1:8000"
START_TIMEOUT = 600.0


class Steps:
    """Times what is done, one step after another."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.count = 0

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        self.count += 1
        began = time.monotonic()
        yield
        print(f"{self.count}. {what}: {time.monotonic() - began:.1f} s", flush=True)

    def report(self) -> None:
        print(f"{self.count} steps, {time.monotonic() - self.began:.1f} s in all")


@contextmanager
def made_to_run(clone: Path) -> Iterator[None]:
    """``make run`` in the clone, until the server answers; ended with everything it started."""
    process = subprocess.Popen(["make", "run"], cwd=clone, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while not answers(f"{URL}/readyz"):
            if process.poll() is not None:
                raise SystemExit("make run ended before the server answered.")
            if time.monotonic() > deadline:
                raise SystemExit(f"The server did not answer in {START_TIMEOUT:.0f} s.")
            time.sleep(0.1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def talk(page: Page, steps: Steps) -> None:
    with steps.step("open the page"):
        page.goto(URL)
        page.get_by_role("button", name="Sign in").wait_for()
    with steps.step("make an account"):
        page.get_by_role("button", name="Make an account").click()
        page.get_by_label("User name").fill("ada")
        page.get_by_label("Password").fill("a fine password 42")
        page.get_by_role("button", name="Make the account").click()
        page.get_by_role("navigation", name="Conversations").wait_for()
    with steps.step("enter a room"):
        page.get_by_role("navigation", name="Spaces").get_by_role("link", name="Rooms").click()
        page.get_by_label("Room name").fill("general")
        page.get_by_role("button", name="Enter").click()
        page.get_by_role("textbox", name="Message").wait_for()
    with steps.step("send a message"):
        page.get_by_role("textbox", name="Message").fill("Hello")
        page.get_by_role("textbox", name="Message").press("Enter")
        page.locator("[role=log] [data-number]").get_by_text("Hello").wait_for()


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium on the path. Install it and try again.")
    if answers(f"{URL}/healthz"):
        raise SystemExit(f"Something answers at {URL} already. End it and try again.")
    # Its own settings, not those of the shell.
    for name in [name for name in os.environ if name.startswith(("HUBBUB_", "DJANGO_", "DATABASE_URL", "REDIS_URL"))]:
        del os.environ[name]
    steps = Steps()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        clone = Path(folder) / "hubbub"
        with steps.step("git clone"):
            subprocess.run(["git", "clone", "--quiet", REPOSITORY, clone], check=True)
        with ExitStack() as running:
            with steps.step("make run"):
                running.enter_context(made_to_run(clone))
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
            running.callback(browser.close)
            talk(browser.new_page(), steps)
    steps.report()


if __name__ == "__main__":
    main()
