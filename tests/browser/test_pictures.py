"""Every state in both themes, on a desktop and on a phone: as it was looked at and kept, whole, and open to all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.browser.axe import faults
from tests.browser.pictures import Difference, compare, difference, kept, small
from tests.browser.stage import Stage, World, worlds
from tests.browser.states import ALONE, STATES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = {"desktop": (1280, 760), "phone": (390, 780)}
SETTLE_SECONDS = 5.0
# What must not pass: the least that somebody would call broken.
BROKEN = {
    "the list is 40 px wider": ".app { grid-template-columns: auto 360px minmax(0, 1fr) auto !important }",
    "a face without its styles": ".avatar { all: unset }",
    "another accent": ":root { --accent: #1d5f8a; --accent-ground: #d8e6f8 }",
    "names in another colour": ".message-block-head bdi { color: inherit }",
    "the composer is gone": ".composer { display: none }",
}
STYLE = "(css) => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets.push(s) }"
TOO_WIDE = "() => document.scrollingElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with worlds(tmp_path_factory.mktemp("states"), list(STATES), ALONE) as world:
        yield world


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures are left that aren't as they should be."""
    wanted = os.environ.get("PICTURES_TO")
    found = Path(wanted) if wanted else tmp_path_factory.mktemp("pictures")
    found.mkdir(parents=True, exist_ok=True)
    return found


@pytest.fixture(scope="module")
def seen() -> list[Difference]:
    """How much the pictures of this run differ from those that were kept."""
    return []


def picture(page: Page, size: tuple[int, int], theme: str) -> bytes:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.screenshot(animations="disabled", caret="hide")


def settled(
    page: Page, size: tuple[int, int], theme: str, name: str, folder: Path, seen: list[Difference]
) -> tuple[bytes, str]:
    """A picture once it is as the kept one, or the last, and what is wrong with it: an answer may be on its way."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        taken, differences = picture(page, size, theme), list[Difference]()
        different = compare(taken, name, folder, differences)
        if not different or time.monotonic() > deadline:
            seen += differences
            return taken, different


@pytest.mark.parametrize("name", STATES)
def test_state(world: World, browser: Browser, folder: Path, seen: list[Difference], name: str) -> None:
    stage = Stage(world, browser, name)
    page = STATES[name](stage).page
    wrong: list[str] = []
    for size, measures in SIZES.items():
        for theme in ("light", "dark"):
            taken, different = settled(page, measures, theme, f"{name}-{size}-{theme}", folder, seen)
            if "PICTURES_TO" in os.environ:
                (folder / f"{name}-{size}-{theme}.full.png").write_bytes(taken)
            wrong.append(different)
            # Each theme and each size once: colours don't depend on the size, nor parts on the theme.
            if (size == "phone") == (theme == "dark"):
                wrong += [f"{name}-{size}-{theme}: {fault}" for fault in faults(page)]
        if page.evaluate(TOO_WIDE):
            wrong.append(f"{name}-{size}: wider than the window")
    stage.leave()
    assert not any(wrong), "\n".join(filter(None, wrong))


def test_what_is_broken_differs(world: World, browser: Browser, seen: list[Difference]) -> None:
    """So much that no noise comes near it; prints both."""
    wanted = Image.open(kept("conversation-desktop-light")).convert("RGB")
    print(f"{len(seen)} pictures as they were kept, at most: {Difference.most(seen)}")
    for what, css in BROKEN.items():
        stage = Stage(world, browser, "conversation")
        page = STATES["conversation"](stage).page
        page.evaluate(STYLE, css)
        found = difference(small(picture(page, SIZES["desktop"], "light")), wanted)
        print(f"{what}: {found}")
        stage.leave()
        assert found.too_much, what
