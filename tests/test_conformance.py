"""The running server does what its OpenAPI document says: no 500, and no answer that is not in it (rule ERR-3)."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import LiveServer, live_servers

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parent.parent / "docs/reference/openapi.json"
PASSWORD = "a-long-enough-passphrase"
RATES = ("messages", "writes", "reads", "conversations", "logins", "registrations", "tickets", "mails")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
)
# These would end the token that all the others are sent with; the tests of accounts are about them.
LEFT_OUT = ("accounts_signin_delete", "accounts_onelogin_delete", "accounts_deactivate_post")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """As in production, without TLS and without limits, which would hide what lies behind them."""
    env = {
        "DEBUG": "false",
        "SECRET_KEY": "for this test alone " * 3,
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "false",
        "HUBBUB_LIMITS": ",".join(f"{name}=100000/s" for name in RATES),
    }
    with live_servers(tmp_path_factory.mktemp("conformance")) as start:
        server = start(env=env)
        for name in ("ada", "bob"):
            server.manage("createuser", name, "--password", PASSWORD)
        yield server


def test_it_does_what_the_document_says(server: LiveServer, tmp_path: Path):
    """ERR-3"""
    token = server.manage("token", "ada").stdout.strip()
    command = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run", str(DOCUMENT)),
        *("--url", server.url, "--header", f"Authorization: Bearer {token}"),
        *(word for name in LEFT_OUT for word in ("--exclude-operation-id", name)),
        *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--continue-on-failure"),
        *("--max-examples", "5", "--seed", "1", "--no-color"),
    ]
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    print(next(line for line in done.stdout.splitlines() if " generated, " in line).strip())


def test_a_path_that_there_is_not_is_answered_like_any_error(server: LiveServer):
    """ERR-3"""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError) as answer:
        direct.open(f"{server.url}/api/nothing/", timeout=10)
    assert answer.value.code == 404
    assert answer.value.read() == b'{"code": "forbidden", "message": "Not found.", "temporary": false}'
