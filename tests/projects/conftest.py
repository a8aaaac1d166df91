from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.projects.project import PASSWORD, Project

Serve = Callable[..., Project]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """``serve("people")`` serves a project, the same one for the whole module, with two accounts in it."""
    projects: dict[str, Project] = {}

    def start(settings: str, name: str = "", databases: tuple[str, ...] = ("default",), **options: Any) -> Project:
        key = name or settings
        if key not in projects:
            folder: Path = tmp_path_factory.mktemp(key)
            projects[key] = project = Project(settings, folder, **options)
            domain = "@example.org" if settings == "people" else ""
            project.run(
                *(("migrate", "-v0", "--database", database) for database in databases),
                *(("createuser", f"{person}{domain}", "--password", PASSWORD) for person in ("ada", "bob")),
            )
            project.start()
        return projects[key]

    yield start
    for project in projects.values():
        project.kill()
        print(f"{project.command} logged:\n{project.log()[-20_000:]}")
