"""Fixtures that stand on real servers. A test that doesn't ask for one starts none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.results import figures_of, write_results
from tests.services import CHROMIUM_ARGS, StartServer, live_servers, postgres_server, valkey_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: at the end one process would be alone with them."""
    long = {item.path for item in items if any(item.iter_markers("slow")) or any(item.iter_markers("browser"))}
    items.sort(key=lambda item: item.path not in long)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test that passed has printed is a figure that it proves: show it."""
    figures = [
        (report.nodeid.split("::", 1)[-1], printed)
        for report in terminalreporter.getreports("passed")
        if (printed := figures_of(report))
    ]
    if os.environ.get("WRITE_RESULTS"):
        write_results([*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")])
    if figures:
        terminalreporter.section("figures")
    for name, printed in figures:
        terminalreporter.write_line(f"{name}:")
        for line in printed.splitlines()[:20]:
            terminalreporter.write_line(f"    {line}")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of this test run, or the one that TEST_DATABASE_URL names."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
    else:
        with postgres_server() as url:
            yield url


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A Valkey of this test run, or the server that TEST_REDIS_URL names."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
    else:
        with valkey_server() as url:
            yield url


@pytest.fixture
def live_server_process(tmp_path: Path) -> Iterator[StartServer]:
    """`live_server_process()` starts hubbub as a process. For one server per module, use `live_servers`."""
    with live_servers(tmp_path) as start:
        yield start


# Per module, not per run: while Playwright's synchronous API is open, no other event loop
# runs in this thread, and tests of other modules are asynchronous.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, headless. Keep its tests synchronous, in modules of their own."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no chromium on the path, and CI leaves no browser test out")
        pytest.skip("there is no chromium on the path")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        try:
            yield launched
        finally:
            launched.close()
