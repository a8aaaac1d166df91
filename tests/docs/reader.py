"""Somebody who does what a page says, block by block, in a folder of one's own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.docs.blocks import Block, assert_printed, blocks_of, edited

BLOCK_SECONDS = 120.0
SHELL = {"sh", "bash", "shell"}
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# What the blocks before have printed isn't printed again.
_AFTER = """
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()):
    exec({before!r})
exec({text!r})
"""

Handler = Callable[["Reader", Block], None]


class Reader:
    """``with Reader(tmp_path) as reader: reader.follow(page)``.

    ``words`` exchanges words of the page for what differs on this machine, a port for one. ``handlers`` do
    what a mark of one's own says; whatever no rule covers fails, so that no block is passed over in silence.
    """

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str] | None = None,
        words: Mapping[str, str] | None = None,
        handlers: Mapping[str, Handler] | None = None,
    ) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUBBUB_", "DJANGO_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        self.env = kept | {"PATH": path, "PYTHONUNBUFFERED": "1"} | dict(env or {})
        self.printed = ""
        """What the last block printed."""
        self.log = folder / "servers.log"
        self._start = folder
        self.words = dict(words or {})
        self.handlers = dict(handlers or {})
        self._python = ""
        self._servers: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for url in list(self._servers):
            self.stop(url)
        if kind is not None and self.log.exists():
            print(f"the servers logged:\n{self.log.read_text(errors='replace')[-20_000:]}")

    def follow(self, page: Path) -> None:
        """Do what all blocks of a page say."""
        for block in blocks_of(page):
            self.do(block)

    def do(self, block: Block) -> None:
        """Do what one block says."""
        mark, _, rest = block.mark.partition(" ")
        text = self.put(block.text)
        if mark == "skip":
            assert rest, f"{block} is skipped without a reason"
        elif mark in self.handlers:
            self.handlers[mark](self, block)
        elif mark == "serves":
            self._serve(block, text, self.put(rest))
        elif block.language == "text" and block.caption in ("", "Output"):
            assert_printed(block, text, self.printed)
        elif block.caption:
            self._write(block)
        elif block.language in SHELL:
            self._run(block, text)
        elif block.language == "console":
            self._console(block, text)
        elif block.language == "python":
            before = self._python if mark == "continues" else ""
            self._python = before + text
            self._call(block, [self.which("python"), "-c", _AFTER.format(before=before, text=text)])
        else:
            raise AssertionError(f"{block}: nobody knows what to do with a block of {block.language or 'no language'}")

    def put(self, text: str) -> str:
        """The page's text with what differs on this machine."""
        for word, other in self.words.items():
            text = text.replace(word, other)
        return text

    def _write(self, block: Block) -> None:
        path = self.folder / block.caption
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        assert old or not block.marked, f"{block} changes {block.caption}, which isn't there"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(edited(old, replace(block, text=self.put(block.text))), encoding="utf-8")

    def _run(self, block: Block, text: str) -> None:
        """Run shell commands; where they lead, and what they export, stays for the next ones."""
        after = self._start / ".after"
        script = f"set -e\n{text}\n{{ pwd; env -0; }} > {str(after)!r}"
        self._call(block, ["bash", "-c", script])
        if "fails" not in block.mark:
            where, _, env = after.read_text().partition("\n")
            self.folder, self.env = Path(where), dict(pair.split("=", 1) for pair in env.split("\0") if "=" in pair)
            after.unlink()

    def _console(self, block: Block, text: str) -> None:
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            self._run(block, command)
            if expected.strip():
                assert_printed(block, expected, self.printed)

    def _call(self, block: Block, command: list[str]) -> None:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BLOCK_SECONDS,
        )
        self.printed = done.stdout
        failed = done.returncode != 0
        assert failed == block.mark.startswith("fails"), f"{block} ended with {done.returncode}:\n{done.stdout}"

    def which(self, name: str) -> str:
        """Where the reader's own program of that name is."""
        done = subprocess.run(["which", name], env=self.env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def _serve(self, block: Block, text: str, url: str) -> None:
        """Run commands of which the last goes on, until ``url`` answers. What served it before is stopped."""
        self.stop(url)
        with self.log.open("ab") as log:
            server = subprocess.Popen(
                ["bash", "-ec", text],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Who runs the tests in the background may ignore Ctrl+C, and so would what they start.
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )
        self._servers[url] = server
        deadline = time.monotonic() + BLOCK_SECONDS
        while not _answers(url):
            logged = self.log.read_text(errors="replace")
            assert server.poll() is None, f"{block}: the server ended:\n{logged}"
            assert time.monotonic() < deadline, f"{block}: nothing answers at {url}:\n{logged}"
            time.sleep(0.05)

    def stop(self, url: str) -> None:
        """Stop what serves ``url``, as Ctrl+C would; nothing if nothing does."""
        server = self._servers.pop(url, None)
        if server is None or server.poll() is not None:
            return
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(30)


def _answers(url: str) -> bool:
    """Whether somebody speaks HTTP there, whatever they say."""
    try:
        with _direct.open(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
