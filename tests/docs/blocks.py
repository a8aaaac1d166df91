"""The fenced blocks of a page of `docs/`: found, and read as what a reader is to do with them.

| block | what it says |
|---|---|
| `sh` | run this; folder and environment are kept for the next block |
| `console` | run what stands after `$ `; the other lines are what it prints, with `...` for any text |
| `python` | run this as a program; with the mark `continues`, the Python blocks before it are run first, again |
| `text` | what the block before it printed, with `...` for any text |
| any, with `:caption: path` | this is the file; with `:emphasize-lines:`, a part of it with the new lines marked |

A mark is a comment on the line before the block; it shows nowhere:

    <!-- test: skip because it needs a domain name -->   left out
    <!-- test: fails -->                                 the command must fail
    <!-- test: serves http://127.0.0.1:8000/ -->         goes on running; wait until this answers
    <!-- test: continues -->                             see `python` above
    <!-- test: <name> ... -->                            given to the test's own function of that name

A mark that no block follows stands for what the text above it says: only a function of the test can do that.

In a part of a file, unmarked lines are there already and are found in their order, a line of dots stands for
anything, and marked lines are new: they go where they stand, and replace what stood there. New lines at the end of
the block are the end of the file. Empty lines don't count, unless they are marked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

MARK = re.compile(r"<!--\s*test:\s*(.+?)\s*-->", re.DOTALL)
OPTION = re.compile(r":([\w-]+):\s*(.*)")
DOTS = {"...", "# ...", "// ...", "<!-- ... -->"}


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    """The line of the page on which it begins, from 1."""
    language: str
    text: str
    caption: str = ""
    marked: frozenset[int] = frozenset()
    """Lines of the text that are emphasized, from 1."""
    mark: str = ""
    """What the comment before it says to the test."""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in its order."""
    found: list[Block] = []
    mark = ""
    marked_at = 0
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence":
            found.append(_block(page, token, mark))
        elif mark:
            found.append(Block(page, marked_at, "", "", mark=mark))
        comment = MARK.fullmatch(token.content.strip()) if token.type == "html_block" else None
        mark, marked_at = (comment[1], (token.map or [0])[0] + 1) if comment else ("", 0)
    return found + ([Block(page, marked_at, "", "", mark=mark)] if mark else [])


def _block(page: Path, token: Token, mark: str) -> Block:
    assert token.map is not None
    info, lines, options = token.info.strip(), token.content.splitlines(), dict[str, str]()
    if directive := re.fullmatch(r"\{code-block\}\s*(\S*)", info):
        info = directive[1]
        while lines and (option := OPTION.fullmatch(lines[0])):
            options[option[1]] = option[2]
            lines.pop(0)
        if options and lines and not lines[0].strip():
            lines.pop(0)
    marked = _numbers(options.get("emphasize-lines", ""))
    text = "".join(f"{line}\n" for line in lines)
    return Block(page, token.map[0] + 1, info, text, options.get("caption", ""), marked, mark)


def _numbers(ranges: str) -> frozenset[int]:
    """``1,4-6`` as numbers."""
    numbers: set[int] = set()
    for part in filter(None, ranges.replace(" ", "").split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers)


def edited(old: str, block: Block) -> str:
    """A file after the change that a block shows. Raises AssertionError where the page doesn't fit the file."""
    if not block.marked:
        return block.text
    lines, made, at = old.splitlines(), list[str](), 0
    new: list[str] = []
    dots = True  # Anything may stand before the first line that is shown.
    gap_first = False
    for number, line in enumerate(block.lines, start=1):
        if number in block.marked:
            new.append(line)
        elif line.strip() in DOTS:
            made, new, dots = made + new, [], True
        elif line.strip():
            assert line in lines[at:], f"{block}: {line!r} isn't in {block.caption} after line {at}"
            there = lines.index(line, at)
            passed = lines[at:there]
            made += (passed + new if dots else _replaced(passed, new, gap_first, block)) + [line]
            new, at, dots, gap_first = [], there + 1, False, False
        else:
            gap_first = gap_first or not new
    rest = lines[at:]
    made += rest + new if dots or not new else _replaced(rest, new, gap_first, block)
    return "".join(f"{line}\n" for line in made)


def _replaced(old: list[str], new: list[str], gap_first: bool, block: Block) -> list[str]:
    """New lines in place of old ones; empty lines stay, before or after the new ones as the block has it."""
    gone = [line for line in old if line.strip()]
    assert len(gone) <= len(new), f"{block} passes over {gone} of {block.caption}"
    kept = [line for line in old if not line.strip()]
    if gone:
        place = old.index(gone[0])
        return old[:place] + new + [line for line in old[place:] if not line.strip()]
    return kept + new if gap_first else new + kept


def lines_changed(old: str, new: str) -> int:
    """How many lines, empty ones aside, somebody types or takes out to make the one text the other."""
    before, after = ([line for line in text.splitlines() if line.strip()] for text in (old, new))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return sum(max(b - a, d - c) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal")


def assert_printed(block: Block, expected: str, printed: str) -> None:
    """Compare what was printed with what the page says, in which ``...`` is any text."""
    pattern = ".*?".join(re.escape(part.rstrip()) for part in _trimmed(expected).split("..."))
    fits = re.fullmatch(pattern, _trimmed(printed), re.DOTALL)
    assert fits, f"{block} says\n{expected}\nand what was printed is\n{printed}"


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
