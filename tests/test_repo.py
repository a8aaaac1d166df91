"""What must hold for the repository as a whole."""

from __future__ import annotations

import json
import re
import subprocess
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAX_LINES = 400
WARN_LINES = 300
CODE = {".py", ".ts", ".tsx", ".css"}
MEASURED = ("src/", "tests/", "clients/", "web/")
GENERATED = {"generated.ts"}

# Written so that this file doesn't find itself.
REGISTRIES = re.compile(r"pypi[.]org|python[h]osted|npm[j]s[.]|deb[.]debian[.]org")
MACHINE_PATHS = re.compile(r"(?<![\w.*-])/(?:work|root)/|file:[/]{3}")

# A rule's id stands at the start of its line, after list, table, heading or bold marks only.
RULE = re.compile(r"^[\s>|#*_`-]*([A-Z]{2,4}-\d+)\b", re.MULTILINE)


@cache
def files() -> tuple[Path, ...]:
    """Every file that Git keeps or would keep."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a Git repository")
    return tuple(ROOT / name for name in sorted(listed.split("\0")) if name and (ROOT / name).is_file())


def texts() -> Iterator[tuple[str, str]]:
    for path in files():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture, a font


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["registries", "paths"])
def test_no_trace_of_a_machine(pattern: re.Pattern[str]) -> None:
    """A clone must build anywhere, from whatever registry its owner uses."""
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def test_package_lock_names_no_download_addresses() -> None:
    for path in files():
        if path.name == "package-lock.json":
            packages = json.loads(path.read_text())["packages"]
            # A workspace is "resolved" to its folder.
            found = [name for name, entry in packages.items() if "resolved" in entry and not entry.get("link")]
            assert not found, f"{path.relative_to(ROOT)}: {found[:5]}"


def test_files_stay_short() -> None:
    lengths = {
        name: text.count("\n")
        for name, text in texts()
        if name.startswith(MEASURED)
        and Path(name).suffix in CODE
        and Path(name).name not in GENERATED
        and "/migrations/" not in name
    }
    assert any(name.endswith(".tsx") for name in lengths) and any(name.endswith(".py") for name in lengths)
    too_long = {name: lines for name, lines in lengths.items() if lines > MAX_LINES}
    assert not too_long, f"over {MAX_LINES} lines, so surely more than one thing: {too_long}"
    if long := {name: lines for name, lines in lengths.items() if lines > WARN_LINES}:
        warnings.warn(f"over {WARN_LINES} lines: {long}", stacklevel=1)


def is_test(name: str) -> bool:
    """A test in Python or in TypeScript; this file names no rules of its own."""
    path = Path(name)
    return path.suffix in CODE and (
        "tests" in path.parts or "test" in path.parts or ".test." in path.name or path.name.startswith("test_")
    )


def test_every_rule_has_a_test() -> None:
    spec = ROOT / "docs" / "SPEC.md"
    if not spec.exists():
        pytest.skip("there is no docs/SPEC.md")
    rules = RULE.findall(spec.read_text(encoding="utf-8"))
    assert rules, "docs/SPEC.md has no rules, or they are written in another way"
    assert sorted(rules) == sorted(set(rules)), "an id stands for two rules"

    named = {rule for name, text in texts() if is_test(name) for rule in re.findall(r"\b[A-Z]{2,4}-\d+\b", text)}
    untested = [rule for rule in rules if rule not in named]
    assert not untested, f"rules without a test: {', '.join(untested)}"
