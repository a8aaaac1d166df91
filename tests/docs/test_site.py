"""The documentation site is built without a warning, and its pages load nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hubbub.client import NotAllowed
from hubbub.protocol.close import Close
from hubbub.protocol.errors import ERRORS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

LOADS = re.compile(
    r"<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=\"([^\"]*)\"|<link\b[^>]*\bhref=\"([^\"]*)\""
)
STYLES = re.compile(r"@import[^;]*;|url\(\s*[\"']?(?!data:|#)([^)\"']*)")
ABROAD = re.compile(r"^(?:[a-z]+:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning fails, a link to a page or heading that is not there among them."""
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-d",
        str(folder / "trees"),
        "docs",
        str(folder / "html"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    loaded = {(page.name, found[0] or found[1]) for page in pages for found in LOADS.findall(page.read_text())}
    styles = {(sheet.name, found) for sheet in site.rglob("*.css") for found in STYLES.findall(sheet.read_text())}
    assert len(pages) > 20 and loaded
    assert not {each for each in loaded | styles if ABROAD.match(each[1])}


def test_the_tables_are_the_codes(site: Path) -> None:
    """CLO-1, ERR-1: what is written while the site is built is all there, and nothing is left without words."""
    errors = (site / "reference/errors.html").read_text()
    assert [error.code for error in ERRORS if f">{error.code}<" not in errors] == []
    assert f">{NotAllowed.code}<" not in errors, "the client's own errors never come over the wire"
    rows = re.findall(r"<tr.*?</tr>", (site / "reference/close-codes.html").read_text(), re.DOTALL)
    cells = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in rows[1:]]
    assert len(cells) == len(Close) and all(len(row) == 4 and all(row) for row in cells)
    checks = re.findall(r"hubbub\.[EW]\d{3}", (site / "reference/checks.html").read_text())
    made = {
        id
        for path in (ROOT / "src").rglob("*.py")
        if "tests" not in path.parts
        for id in re.findall(r'id="(hubbub\.[EW]\d{3})"', path.read_text())
    }
    assert made and made <= set(checks)


def test_a_drawing_says_in_words_what_it_shows() -> None:
    drawings = list((ROOT / "docs/images").glob("*.svg"))
    assert drawings
    for drawing in drawings:
        svg = ElementTree.parse(drawing).getroot()
        space = "{http://www.w3.org/2000/svg}"
        words = {element.get("id"): element.text for element in svg if element.tag in (f"{space}title", f"{space}desc")}
        assert svg.get("role") == "img"
        assert all(words[id] for id in str(svg.get("aria-labelledby")).split())
