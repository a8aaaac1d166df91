"""Pictures of the page, compared with those that were looked at and kept.

Both are made four times smaller and compared by what is seen: how much differs in all, how large the part is that
differs clearly, and how much the square that differs most does. Letters drawn a little differently don't count;
a column that has moved, a style or a colour that is missing does.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

KEPT = Path(__file__).parent / "golden"
SMALLER = 4
SQUARE = 8
"""The side of a square, in pixels of the small picture."""
CLEARLY = 24
"""From which difference on, of 255, a pixel differs clearly."""


@dataclass(frozen=True)
class Difference:
    mean: float
    """Of all pixels, of 255."""
    clear: float
    """The share of pixels that differ clearly, in percent."""
    square: float
    """The mean of the square that differs most, of 255."""

    @classmethod
    def most(cls, seen: Sequence[Difference]) -> Difference:
        """The most of each."""
        return cls(*(max((getattr(each, name) for each in seen), default=0.0) for name in ("mean", "clear", "square")))

    @property
    def too_much(self) -> bool:
        return self.mean > MOST.mean or self.clear > MOST.clear or self.square > MOST.square

    def __str__(self) -> str:
        return f"mean {self.mean:.2f}, clear {self.clear:.2f} %, worst square {self.square:.1f}"


MOST = Difference(mean=0.3, clear=0.3, square=8.0)


def small(screenshot: bytes) -> Image.Image:
    """A screenshot as it is kept and compared."""
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    return picture.resize((picture.width // SMALLER, picture.height // SMALLER), Image.Resampling.BOX)


def kept(name: str) -> Path:
    return KEPT / f"{name}.webp"


def keep(picture: Image.Image, name: str) -> None:
    KEPT.mkdir(exist_ok=True)
    picture.save(kept(name), lossless=True, method=6)


def difference(one: Image.Image, other: Image.Image) -> Difference:
    """Two pictures of one size."""
    apart = _apart(one, other)
    histogram = apart.histogram()
    count = apart.width * apart.height
    squares = apart.resize((-(-apart.width // SQUARE), -(-apart.height // SQUARE)), Image.Resampling.BOX)
    worst = squares.getextrema()[1]
    assert isinstance(worst, (int, float))
    return Difference(ImageStat.Stat(apart).mean[0], 100 * sum(histogram[CLEARLY:]) / count, worst)


def _apart(one: Image.Image, other: Image.Image) -> Image.Image:
    """For each pixel, the difference in the colour that differs most."""
    red, green, blue = ImageChops.difference(one, other).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def compare(screenshot: bytes, name: str, folder: Path, seen: list[Difference]) -> str:
    """What is wrong with a picture; nothing where it is as the kept one. Writes three pictures where it isn't.

    ``seen`` gets how much the two differ.
    """
    now = small(screenshot)
    if os.environ.get("UPDATE_PICTURES") == "1":
        if not kept(name).exists() or _differs(now, name):
            keep(now, name)
        return ""
    if not kept(name).exists():
        return f"{name}: there is no kept picture. Look at the page, then run with UPDATE_PICTURES=1."
    wanted = Image.open(kept(name)).convert("RGB")
    if now.size == wanted.size:
        found = difference(now, wanted)
        seen.append(found)
        if not found.too_much:
            return ""
        _apart(now, wanted).point(lambda value: min(255, value * 4)).save(folder / f"{name}.difference.png")
        why = str(found)
    else:
        why = f"its size is {now.size}, not {wanted.size}"
    (folder / f"{name}.png").write_bytes(screenshot)
    wanted.save(folder / f"{name}.kept.png")
    return f"{name}: {why}. See {folder / name}.png, .kept.png and .difference.png."


def _differs(now: Image.Image, name: str) -> bool:
    wanted = Image.open(kept(name)).convert("RGB")
    return now.size != wanted.size or difference(now, wanted).too_much
