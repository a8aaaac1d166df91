"""Where what is measured gets installed: a folder outside the repository, made from the repository's pins.

``$BENCH_HOME``, or else ``hubbub-bench`` in the user's cache. Whatever is there may be deleted.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
PEERS = REPO / "benchmarks" / "peers"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
HOME = Path(os.environ.get("BENCH_HOME") or _CACHE / "hubbub-bench")


def run(*command: str | Path, cwd: Path = REPO) -> str:
    """The output of a command. Raises SystemExit where it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def _made(name: str, sources: Sequence[Path], make: Callable[[Path], None]) -> Path:
    """The folder of that name, made anew where its sources are others than when it was made."""
    folder, stamp = HOME / name, HOME / f"{name}.stamp"
    digest = hashlib.sha256(sys.version.encode())
    for source in sources:
        digest.update(source.read_bytes())
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        print(f"making {folder}", file=sys.stderr)
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        stamp.write_text(digest.hexdigest())
    return folder


def _pip(python: Path, *args: str | Path) -> None:
    run(python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *args)


@cache
def generator() -> Path:
    """The load generator, compiled. Raises SystemExit where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("The load generator is written in C: install a C compiler (gcc) and try again.")
    parts = sorted((REPO / "benchmarks" / "load").glob("*.[ch]"))
    sources = [part for part in parts if part.suffix == ".c"]
    folder = _made(
        "load", parts, lambda to: void(run(compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", to / "load", *sources))
    )
    return folder / "load"


def void(_: object) -> None:
    """For a lambda that is called for its effect."""


@cache
def peers_python() -> Path:
    """The interpreter of an environment with the Python peers; the same Python as ours."""
    pins = PEERS / "requirements.txt"

    def make(folder: Path) -> None:
        run(sys.executable, "-m", "venv", folder)
        _pip(folder / "bin" / "python", "--require-hashes", "-r", pins)

    return _made("python-peers", [pins], make) / "bin" / "python"


@cache
def hubbub_bin() -> Path:
    """The ``bin`` of an environment with hubbub as it is shipped: its wheel, built from this checkout, and its pins."""
    return _with_wheel("hubbub", [REPO / "requirements" / "base.txt"]) / "bin"


@cache
def layers_python() -> Path:
    """The interpreter of an environment with hubbub as it is shipped, and the Python peers beside it."""
    return _with_wheel("layers", [REPO / "requirements" / "base.txt", PEERS / "requirements.txt"]) / "bin" / "python"


def _with_wheel(name: str, pins: Sequence[Path]) -> Path:
    def make(folder: Path) -> None:
        run(sys.executable, "-m", "venv", folder)
        for each in pins:
            _pip(folder / "bin" / "python", "--require-hashes", "-r", each)

    folder = _made(name, pins, make)
    wheels = HOME / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    command = ("-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")
    run(sys.executable, *command, "-w", wheels, ".")
    _pip(folder / "bin" / "python", "--no-deps", "--force-reinstall", *wheels.glob("*.whl"))
    return folder


@cache
def node_peers() -> Path:
    """The folder of the peers' ``node_modules``, with their sources beside them."""
    pins = [PEERS / name for name in ("package.json", "package-lock.json", ".npmrc")]

    def make(folder: Path) -> None:
        for pin in pins:
            shutil.copy(pin, folder)
        with_node("npm", "ci", cwd=folder)

    folder = _made("node-peers", pins, make)
    # Node looks for packages beside the file that asks for them.
    for source in PEERS.glob("*.mjs"):
        shutil.copy(source, folder)
    return folder


def with_node(*command: str | Path, cwd: Path = REPO) -> str:
    """Runs a command with Node on the path: the machine's, or the pinned one."""
    return run(REPO / "scripts" / "node.sh", "sh", "-c", 'cd "$0" && exec "$@"', cwd, *command)


@cache
def node() -> str:
    return with_node("node", "-p", "process.execPath")


def python_versions(python: Path, *packages: str) -> dict[str, str]:
    """The versions of packages in an environment."""
    script = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    return dict(zip(packages, run(python, "-c", script, *packages).split(), strict=True))
