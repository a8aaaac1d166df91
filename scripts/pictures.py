"""Takes the pictures of README and docs: ``.venv/bin/python -m scripts.pictures``.

They show states of ``tests/browser/states/`` on a real server, with the same words at the same time of a clock that
stands still: where nothing in the UI has changed, the pictures don't either.
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.stage import Stage, World, worlds
from tests.browser.states import STATES
from tests.services import CHROMIUM_ARGS

IMAGES = Path(__file__).parent.parent / "docs" / "images"
DESKTOP, PHONE = (1200, 720), (390, 780)
PICTURES = [
    ("conversation", "conversation", DESKTOP, "light"),
    ("conversation-dark", "conversation", DESKTOP, "dark"),
    ("conversation-phone", "conversation", PHONE, "light"),
    ("notifications", "notifications", DESKTOP, "light"),
    ("settings", "settings-appearance", DESKTOP, "light"),
    ("palette", "palette", DESKTOP, "light"),
    ("embedded", "embedded", DESKTOP, "light"),
]
"""The file's name, the state, the window and the theme."""
VIEWERS = ["conversation", "notifications"]


def take(world: World, browser: Browser) -> None:
    for name, state, (width, height), theme in PICTURES:
        # The viewer of "conversation" where she will do, so that she is the same.
        stage = Stage(world, browser, state if state in VIEWERS else "conversation")
        page = STATES[state](stage).page
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
        stage.leave()


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium on the path. Install it and try again.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        worlds(Path(folder), VIEWERS, titles=["Night shift", "", "Plant"]) as world,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        take(world, browser)
        browser.close()


if __name__ == "__main__":
    main()
