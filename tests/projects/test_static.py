"""Static files under hashed names on another host: the page names them, and all that they load is found."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.projects.project import PASSWORD, Project, Visitor
from tests.services import HOST

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class Files(SimpleHTTPRequestHandler):
    """A host of files that any page may use."""

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder: Path = tmp_path_factory.mktemp("manifest")
    (folder / "data" / "static").mkdir(parents=True)
    with ThreadingHTTPServer((HOST, 0), partial(Files, directory=str(folder / "data"))) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        url = f"http://{HOST}:{files.server_address[1]}/static/"
        project = Project("manifest", folder, env={"PROJECT_STATIC_URL": url})
        project.run(
            ("collectstatic", "--no-input", "-v0"),
            ("migrate", "-v0"),
            ("createuser", "ada", "--password", PASSWORD),
        )
        try:
            project.start()
            yield project
        finally:
            project.kill()
            print(project.log())
            files.shutdown()


@pytest.mark.parametrize("page", ["/hubbub/", "/own/"])
def test_pages_name_files_by_their_hash(project: Project, page: str) -> None:
    html = Visitor(project, page).html
    names = re.findall(r'(?:src|href)="http://[^"]+/static/(hubbub/[^"]+)"', html)
    if page == "/hubbub/":  # Also where the project sets no policy of its own, as here.
        policy = Visitor(project, page).http.get(page).headers["Content-Security-Policy"]
        assert f"script-src 'self' http://{HOST}:" in policy and "frame-ancestors 'none'" in policy
    assert names and all(re.search(r"\.[0-9a-f]{12}\.(js|css)$", name) for name in names), html
    for name in names:
        assert (project.data / "static" / name).is_file()


@pytest.mark.browser
def test_everything_that_a_page_loads_is_there(project: Project, browser: Browser) -> None:
    page = browser.new_context(base_url=project.url).new_page()
    missing: list[str] = []
    page.on("response", lambda response: missing.append(response.url) if response.status == 404 else None)
    page.on("requestfailed", lambda request: missing.append(request.url))
    page.goto("/hubbub/sign-in")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{project.url}/hubbub/")
    for path in ("/hubbub/r/kitchen", "/own/"):
        page.goto(path)
        page.get_by_role("textbox", name="Message").wait_for()
    page.goto("/hubbub/settings")
    page.get_by_role("heading").first.wait_for()
    page.context.close()
    assert not missing
