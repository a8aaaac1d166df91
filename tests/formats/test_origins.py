"""Which browsers may connect (rule ORG-1): the handshake of others is answered 403."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.formats.client import Person, connect, refused
from tests.formats.people import make_people
from tests.services import HOST, LiveServer, live_servers

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "a key for tests that is long enough not to be complained about 0123456789",
    "ALLOWED_HOSTS": f"good.example,{HOST}",
    "SECURE_SSL_REDIRECT": "false",
}
LISTED = "https://app.example,http://other.example:8080,https://[2001:db8::1]:8443"


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server as in production, with three listed origins and no guests."""
    with live_servers(tmp_path_factory.mktemp("production")) as start:
        yield start(env={**PRODUCTION, "HUBBUB_ALLOWED_ORIGINS": LISTED})


@pytest.fixture(scope="module")
def eve(production: LiveServer) -> Person:
    """Somebody with an account there."""
    return make_people(production, ["eve"])[0]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "https://good.example:{port}",
        "http://good.example",
        "http://good.example:1",
        "http://good.example:{port}.evil.example",
        "http://good.example.evil.example:{port}",
        "http://evilgood.example:{port}",
        "http://sub.good.example:{port}",
        "http://good.example@evil.example:{port}",
        "http://evil.example#good.example:{port}",
        "http://evil.example\\good.example:{port}",
        "http://localhost:{port}",
        "http://[::1]:{port}",
        "http://app.example",
        "https://app.example:444",
        "https://app.example.evil.example",
        "https://app.example/",
        "https://other.example:8080",
        "http://other.example",
        "http://other.example:8081",
        "https://[2001:db8::2]:8443",
        "file://",
        "chrome-extension://good.example",
        "good.example",
        "*",
        "http://good.example:99999",
        "http://good.example:x",
        "http://[good.example",
    ],
)
@pytest.mark.parametrize("path", ["", "chat/999999/", "chat/room/", "chat/", "notifications/"])
async def test_foreign_origins(production: LiveServer, eve: Person, origin: str, path: str) -> None:
    """ORG-1, Security 1: 403 with a valid cookie and with a valid token; scheme, host and port all count."""
    origin = origin.format(port=production.port)
    for options in ({"by": eve}, {"token": eve.token}):
        code = await refused(production, path, origin=origin, host="good.example", **options)
        assert code == 403, (origin, code)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("good.example", "http://good.example:{port}"),
        ("good.example", "HTTP://Good.Example:{port}"),
        (HOST, f"http://{HOST}:{{port}}"),
        ("good.example", "https://app.example"),
        ("good.example", "https://app.example:443"),
        ("good.example", "http://other.example:8080"),
        (HOST, "https://[2001:db8::1]:8443"),
    ],
)
async def test_own_and_listed_origins(production: LiveServer, eve: Person, host: str, origin: str) -> None:
    """ORG-1: the page that this server serves, and what is listed, by cookie and by token."""
    origin = origin.format(port=production.port)
    for by, token in ((eve, None), (None, eve.token)):
        async with connect(production, "", by=by, token=token, origin=origin, host=host) as socket:
            assert (await socket.frame())["data"]["user"]["username"] == "eve"


async def test_hosts_that_are_not_ours(production: LiveServer, eve: Person) -> None:
    """A Host that is not allowed makes no origin own."""
    origin = f"http://evil.example:{production.port}"
    assert await refused(production, "", by=eve, origin=origin, host="evil.example") == 403


async def test_no_origin(production: LiveServer, eve: Person) -> None:
    """ORG-1: a client without an Origin is no browser; it comes in by token."""
    async with connect(production, "", token=eve.token) as socket:
        assert (await socket.frame())["data"]["user"]["username"] == "eve"
    async with connect(production, "chat/room/", token=eve.token) as socket:
        await socket.send(message="hi")
        assert (await socket.frame())["username"] == "eve"


async def test_no_guests_in_production(production: LiveServer, eve: Person) -> None:
    """CHT-8, AUT-2: 4001 with no frame before, from a listed page as from none; an old cookie makes no difference."""
    for path in ("", "chat/room/", "chat/", "chat/1/", "chat/bad!name/"):
        assert await refused(production, path) == 4001
        assert await refused(production, path, origin="https://app.example") == 4001
        assert await refused(production, path, cookie="long-gone") == 4001


async def test_rejections_are_logged(production: LiveServer, eve: Person) -> None:
    """ORG-1: on one line, with what to set."""
    await asyncio.sleep(1.1)  # There is one such line a second (rule HOST-13).
    before = len(production.log())
    origin = "https://new-page.example"
    assert await refused(production, "", by=eve, origin=origin) == 403
    lines = production.log()[before:].splitlines()
    found = [line for line in lines if origin in line]
    assert len(found) == 1
    assert "HUBBUB_ALLOWED_ORIGINS" in found[0]
    assert "ALLOWED_ORIGINS" in found[0].replace("HUBBUB_ALLOWED_ORIGINS", "")
    assert eve.cookie not in production.log()


async def test_guests_by_setting(tmp_path_factory: pytest.TempPathFactory) -> None:
    """CHT-8: production with guests switched on, development with them switched off."""
    with live_servers(tmp_path_factory.mktemp("guests")) as start:
        opened = start(env={**PRODUCTION, "HUBBUB_GUESTS": "true"})
        async with connect(opened, "chat/room/") as socket:
            await socket.send(message="hi")
            assert (await socket.frame())["username"] == "Anonymous"
        assert await refused(opened, "chat/1/") == 4001
        closed = start(env={"HUBBUB_GUESTS": "false"})
        assert await refused(closed, "chat/room/") == 4001
        assert await refused(closed, "chat/") == 4001


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "https://localhost",
        "http://127.0.0.1:5173",
        "http://127.0.0.2:5173",
        "http://[::1]:8000",
        "http://app.localhost:3000",
        "http://LOCALHOST:{port}",
    ],
)
async def test_loopback_in_development(server: LiveServer, ann: Person, room: str, origin: str) -> None:
    """ORG-1: every loopback name and port is own."""
    origin = origin.format(port=server.port)
    for host in (HOST, "localhost"):
        async with connect(server, f"chat/{room}/", by=ann, origin=origin, host=host):
            pass
    async with connect(server, f"chat/{room}/", origin=origin) as guest:
        await guest.send(message="a guest, too")


@pytest.mark.parametrize(
    "origin",
    ["null", "https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "file://"],
)
async def test_foreign_origins_in_development(server: LiveServer, ann: Person, room: str, origin: str) -> None:
    """ORG-1: development opens loopback and nothing else."""
    assert await refused(server, f"chat/{room}/", by=ann, origin=origin) == 403
    assert await refused(server, f"chat/{room}/", origin=origin) == 403
