"""`deploy/nginx` as it stands: checked by nginx, before two instances of which one after the other is restarted."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from hubbub.django.conf import HubbubSettings
from hubbub.engine.settings import EngineSettings
from hubbub.transports.uvicorn.server import make_config
from tests.deploy.conftest import Site
from tests.deploy.files import NGINX
from tests.deploy.site import NAME, Nginx
from tests.durability.client import Client
from tests.durability.load import judge, load
from tests.durability.world import make_world, read_stored

CLIENTS = 20
CALLERS = 2
ENOUGH = 1200
HALF_OPEN = 60
HEADER_SECONDS = 10


class Caller(threading.Thread):
    """Somebody who works over REST: reads a conversation and sends to it, again and again."""

    def __init__(self, nginx: Nginx, name: str, token: str, topic: str) -> None:
        super().__init__(daemon=True)
        self.name = name
        self._path = f"/api/conversations/{topic.split('.')[1]}/messages/"
        self._http = httpx.Client(
            base_url=nginx.url,
            verify=ssl.create_default_context(cafile=nginx.certificate),
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        )
        self.statuses: Counter[int] = Counter()
        self.errors: list[str] = []
        self.acknowledged: list[str] = []
        self.going = True

    def run(self) -> None:
        number = 0
        while self.going:
            number += 1
            content = f"{self.name} {number}"
            try:
                self._note(self._http.get(self._path))
                sent = self._http.post(self._path, json={"content": content})
                self._note(sent)
                if sent.status_code == 201:
                    self.acknowledged.append(content)
            except httpx.HTTPError as error:
                self.errors.append(repr(error))
        self._http.close()

    def _note(self, answer: httpx.Response) -> None:
        self.statuses[answer.status_code] += 1


async def half_open(nginx: Nginx, number: int) -> float:
    """Seconds until a connection is closed that never gets to the end of its header, and is never silent."""
    began = time.monotonic()
    tls = number % 2 == 0  # The others don't get to the end of their handshake.
    context = ssl.create_default_context(cafile=nginx.certificate) if tls else None
    host = NAME if tls else None
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port, ssl=context, server_hostname=host)
    if tls:
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
    ended = asyncio.ensure_future(reader.read())
    while not (await asyncio.wait({ended}, timeout=0.5))[0]:
        if tls:
            writer.write(b"a")
    writer.close()
    ended.exception()
    return time.monotonic() - began


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.faults
async def test_a_rolling_restart_under_load(site: Site) -> None:
    """ACK-1, ACK-2, EVT-1, HOST-18, PRC-1: both instances are replaced, one by one; slow clients are sent away."""
    nginx, (one, two) = site.nginx, site.instances
    world = await asyncio.to_thread(make_world, one, CLIENTS + CALLERS)
    names = list(world.tokens)
    clients = [
        Client(name, f"wss://{NAME}:{nginx.port}/ws/", world.tokens[name], world.topics) for name in names[:CLIENTS]
    ]
    callers = [Caller(nginx, name, world.tokens[name], world.topics[0]) for name in names[CLIENTS:]]
    slow = [asyncio.create_task(half_open(nginx, number)) for number in range(HALF_OPEN)]
    took: list[float] = []

    async def restart(instance: object) -> None:
        began = time.monotonic()
        await asyncio.to_thread(instance.restart)  # type: ignore[attr-defined]
        took.append(time.monotonic() - began)

    for caller in callers:
        caller.start()
    await load(clients, [lambda: restart(one), lambda: restart(two)], ENOUGH)
    for caller in callers:
        caller.going = False
        await asyncio.to_thread(caller.join)

    verdict = await asyncio.to_thread(judge, one, clients, site.database)
    print(f"{CLIENTS} clients by WSS; restarts of {took[0]:.1f} and {took[1]:.1f} s, one instance each")
    statuses = sum((caller.statuses for caller in callers), Counter())
    errors = [error for caller in callers for error in caller.errors]
    print(f"REST meanwhile: {dict(statuses)}, {len(errors)} without an answer")
    assert verdict.clean, verdict
    assert verdict.unanswered == 0
    assert set(statuses) == {200, 201}
    assert not errors, errors[:3]
    stored = Counter(content for *_, content in (await asyncio.to_thread(read_stored, one, site.database)).messages)
    assert {stored[content] for caller in callers for content in caller.acknowledged} == {1}

    logged = Counter(re.findall(r'" (\d{3}) ', "\n".join(nginx.lines())))
    print(f"nginx answered {dict(logged)}")
    assert logged["101"] > CLIENTS
    assert not [status for status in logged if status >= "500"]
    assert not [token for token in world.tokens.values() if token in nginx.log()]

    seconds = await asyncio.gather(*slow)
    print(f"{HALF_OPEN} half-open connections were closed after {min(seconds):.1f} to {max(seconds):.1f} s")
    assert min(seconds) > HEADER_SECONDS - 1 and max(seconds) < HEADER_SECONDS + 10


@pytest.mark.postgres
@pytest.mark.slow
async def test_what_gets_through(site: Site) -> None:
    """HOST-16, OPS-1, OPS-3: who a client is, who may see inside, and how large a body may be."""
    nginx, (one, _) = site.nginx, site.instances
    await asyncio.to_thread(one.manage, "createuser", "ann", "--password", "a long enough phrase")
    context = ssl.create_default_context(cafile=nginx.certificate)

    def from_address(address: str) -> httpx.AsyncClient:
        transport = httpx.AsyncHTTPTransport(verify=context, local_address=address)
        return httpx.AsyncClient(base_url=nginx.url, transport=transport, timeout=30)

    async with from_address("127.5.5.5") as stranger, from_address("127.0.0.1") as staff:
        page = await stranger.get("/")
        assert (page.status_code, "default-src" in page.headers["content-security-policy"]) == (200, True)
        assert "nginx/" not in page.headers["server"]
        sign_in = {"username": "ann", "password": "a long enough phrase"}
        # What clients themselves say of who they are is not passed on.
        lies = {"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "http", "X_Forwarded_For": "8.8.8.8"}
        answer = await stranger.post("/api/auth/token/", json=sign_in, headers=lies)
        assert answer.status_code == 200, answer.text
        token = {"Authorization": f"Bearer {answer.json()['access']}"}
        assert "127.5.5.x" in (logins := (await stranger.get("/api/auth/logins/", headers=token)).text), logins
        assert "9.9.9" not in logins and "8.8.8" not in logins

        assert (await stranger.get("/inspector/")).status_code == 403
        assert (await staff.get("/inspector/")).status_code in (302, 404)  # hubbub's own answer to who isn't staff
        assert (await stranger.get("/metrics", headers=token)).status_code == 404
        inside = f"http://127.0.0.1:{nginx.inside}"
        shown = {"Authorization": "Bearer only for tests, and long enough for that"}
        for number in (1, 2):
            found = await staff.get(f"{inside}/{number}/metrics", headers=shown)
            assert found.status_code == 200 and "hubbub_sessions" in found.text
            assert (await staff.get(f"{inside}/{number}/metrics")).status_code == 401
        assert (await staff.get(f"{inside}/")).status_code == 404

        too_large = b"x" * (3 * 2**20 + 1)
        assert (await stranger.post("/api/auth/token/", content=too_large)).status_code == 413
        assert (await stranger.get(f"http://{NAME}:{nginx.plain}/a?b=c")).headers["location"] == f"{nginx.url}/a?b=c"
        # Only a WebSocket is upgraded: to anything else hubbub sees a plain request.
        upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
        assert (await stranger.get("/healthz", headers=upgrade)).status_code == 200

    for path in ("/ws/", "/ws/chat/"):
        origin = {"origin": nginx.url}
        async with connect(f"wss://{NAME}:{nginx.port}{path}", additional_headers=origin, proxy=None) as socket:
            assert socket.response and socket.response.status_code == 101


def test_nginx_takes_it(tmp_path: Path) -> None:
    """`nginx -t`, without a warning."""
    done = Nginx(tmp_path, tmp_path).check()
    assert done.returncode == 0 and "[warn]" not in done.stderr, done.stderr


def test_its_figures_fit_those_of_hubbub() -> None:
    text = NGINX.read_text()
    sockets = text.split("location /ws/")[1].split("}")[0]
    pings = make_config("tests:none").ws_ping_interval
    assert pings is not None
    for name in ("proxy_read_timeout", "proxy_send_timeout"):
        found = re.search(rf"{name} +(\d+)s;", sockets)
        assert found and int(found[1]) > 2 * max(pings, HubbubSettings().heartbeat)
    found = re.search(r"client_max_body_size +(\d+)m;", text)
    assert found and int(found[1]) * 2**20 == 3 * 1024 * 1024
    found = re.search(r"limit_conn hubbub_address (\d+);", text)
    assert found and int(found[1]) > EngineSettings().sockets_per_address
    assert f"{HEADER_SECONDS}s" == re.findall(r"client_header_timeout (\w+);", text)[0]
