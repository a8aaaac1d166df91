"""The plugin in a project of its own: another process, another pytest, with and without its usual company."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

SETTINGS = """
from pathlib import Path
SECRET_KEY = "only for tests, and long enough for that"
USE_TZ = True
DATABASES = {{"default": {database}}}
INSTALLED_APPS = [
    "hubbub.django", "tests.poll.feature",
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
]
ROOT_URLCONF = "urls"
ASGI_APPLICATION = "asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
ASGI = """
from django.core.asgi import get_asgi_application
from hubbub.django.application import hubbub_application
application = hubbub_application(get_asgi_application())
"""
SYNC = """
import json
import pytest
from websockets.sync.client import connect
from hubbub.django.auth import actor_of_user
from tests.poll.feature import actions

def talk(hub):
    alice, bob = hub.pair()
    assert bob.subscribe("poll.lunch", snapshot=True)["snapshot"] == {"votes": {}}
    alice.send("poll.vote", "poll.lunch", {"option": "soup"})
    assert bob.event("poll.voted")["data"]["tally"] == {"votes": {"soup": 1}}
    actions.vote(actor_of_user(bob.user), "poll.lunch", "soup")
    assert bob.event("poll.voted")["data"]["tally"] == {"votes": {"soup": 2}}
    bob.no_event()

@pytest.mark.parametrize("again", range(3))
def test_sync(hubbub_sync, again):
    talk(hubbub_sync)

@pytest.mark.django_db(transaction=True)
def test_sync_with_commits(hubbub_sync):
    talk(hubbub_sync)

def test_live(hubbub_live_server, django_user_model):
    alice = django_user_model.objects.create_user("alice")
    cookie = {"Cookie": hubbub_live_server.cookie(alice)}
    with connect(hubbub_live_server.ws_url, additional_headers=cookie, proxy=None) as socket:
        assert json.loads(socket.recv(10))["data"]["user"]["username"] == "alice"
        socket.send(json.dumps({"id": 1, "type": "subscribe", "topic": "poll.lunch"}))
        assert "ok" in json.loads(socket.recv(10))
        actions.vote(actor_of_user(alice), "poll.lunch", "soup")
        assert json.loads(socket.recv(10))["type"] == "poll.voted"
"""
ASYNC = """
import pytest
from hubbub.testing import assert_no_events
from tests.poll.feature.models import Vote

async def talk(hubbub_engine, hubbub_pair):
    alice, bob = await hubbub_pair()
    for each in (alice, bob):
        await each.subscribe("poll.lunch")
    await alice.send("poll.vote", "poll.lunch", {"option": "soup"})
    for each in (alice, bob):
        assert (await each.event("poll.voted"))["offset"] == 1
    await assert_no_events(alice, bob)
    assert await hubbub_engine.run(Vote.objects.count) == 1

@pytest.mark.parametrize("again", range(3))
@pytest.mark.RUNNER
async def test_async(hubbub_engine, hubbub_pair, again):
    await talk(hubbub_engine, hubbub_pair)

@pytest.mark.RUNNER
@pytest.mark.django_db(transaction=True)
async def test_async_with_commits(hubbub_engine, hubbub_pair):
    await talk(hubbub_engine, hubbub_pair)
"""


def sqlite(engine: str) -> str:
    return f'{{"ENGINE": "{engine}", "NAME": Path(__file__).with_name("db.sqlite3")}}'


def postgres(url: str) -> str:
    parts = urlsplit(url)
    host = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair).get("host", parts.hostname)
    return repr(
        {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": parts.username,
            "PASSWORD": parts.password or "",
            "HOST": host and host.replace("%2F", "/"),
            "PORT": parts.port or "",
            "TEST": {"NAME": "kit_plugin"},
        }
    )


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .")
    pytester.makepyfile(settings=SETTINGS.format(database=sqlite("hubbub.django.sqlite")), urls="urlpatterns = []")
    pytester.makepyfile(asgi=ASGI)
    return pytester


def run(project: pytest.Pytester, *args: str, **outcomes: int) -> pytest.RunResult:
    """Run the project's tests and compare how many passed or failed; what they print is shown only if that differs."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        result = project.runpytest_subprocess("-q", "-p", "no:valkey", "-p", "no:cacheprovider", *args, timeout=120)
    counted = {name: count for name, count in result.parseoutcomes().items() if name != "warnings"}
    assert counted == outcomes, f"{printed.getvalue()}\n{result.stderr.str()}"
    return result


@pytest.mark.parametrize("runner", ["asyncio", "anyio"])
def test_a_project_on_sqlite(project: pytest.Pytester, runner: str) -> None:
    project.makepyfile(test_sync=SYNC, test_async=ASYNC.replace("RUNNER", runner))
    if runner == "anyio":
        project.makeconftest("import pytest\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n")
    run(project, *(["-p", "no:asyncio"] if runner == "anyio" else []), passed=9)
    left = [path.name for path in project.path.glob("*.sqlite3*")]
    assert left == [], "the test database is a file beside the database, and is gone with the run"


@pytest.mark.postgres
def test_a_project_on_postgresql(project: pytest.Pytester, postgres_url: str) -> None:
    project.makepyfile(settings=SETTINGS.format(database=postgres(postgres_url)))
    project.makepyfile(test_sync=SYNC, test_async=ASYNC.replace("RUNNER", "asyncio"))
    run(project, passed=9)


def test_django_s_own_sqlite_is_in_memory(project: pytest.Pytester) -> None:
    """Everything but a live server works there, and that says what to do."""
    project.makepyfile(settings=SETTINGS.format(database=sqlite("django.db.backends.sqlite3")))
    project.makepyfile(test_sync=SYNC, test_async=ASYNC.replace("RUNNER", "asyncio"))
    result = run(project, passed=8, errors=1)
    result.stdout.fnmatch_lines(["*The test database is in memory*hubbub.django.sqlite*"])


def test_a_failure_is_clear(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_it(hubbub_sync):
            alice, bob = hubbub_sync.pair()
            alice.subscribe("poll.lunch")
            bob.send("poll.vote", "poll.lunch", {"option": "soup"})
            alice.event("poll.closed", timeout=0.05)
        """
    )
    result = run(project, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*AssertionError: alice waited 0.05 s in vain for the event poll.closed.",
            "*The connection is open. Received, oldest first*",
            "*ready*",
            "*reply #1*",
            "*[*] poll.voted poll.lunch @1*soup*",
        ]
    )


@pytest.mark.parametrize("without", [["django"], ["asyncio"], ["django", "asyncio"], ["hubbub"]])
def test_other_runs_are_left_alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, without: list[str]):
    """A project that has hubbub installed for something else, or no Django at all."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    pytester.makepyfile("import sys\ndef test_it():\n    assert 'hubbub.engine' not in sys.modules\n")
    result = run(pytester, *(arg for name in without for arg in ("-p", f"no:{name}")), passed=1)
    assert "hubbub" not in result.stderr.str()


def test_one_test_uses_up_nothing_of_another_s_rates(project: pytest.Pytester) -> None:
    """LIM-2"""
    project.makepyfile(
        """
        import pytest
        from hubbub.django.limits import limiter
        from hubbub.protocol.errors import RateLimited

        @pytest.mark.parametrize("again", range(2))
        def test_a_rate(again):
            for _ in range(10):
                limiter().hit("logins", "somebody")
            with pytest.raises(RateLimited):
                limiter().hit("logins", "somebody")
        """
    )
    run(project, passed=2)


def test_fixtures_are_listed_with_what_they_do(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    listed = run(pytester, "--fixtures").stdout.str()
    for name in ("engine", "connect", "pair", "clock", "sync", "live_server", "proxy"):
        assert f"hubbub_{name} " in listed, name


def test_loading_it_loads_nothing_else() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import hubbub.testing.plugin;"
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('hubbub')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
