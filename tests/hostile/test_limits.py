"""What one user, one address, one socket may have of a real server; what a client says of its address is no help."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.formats.client import Person, connect, full, talk
from tests.formats.people import make_people
from tests.services import LiveServer, live_servers

FORGED = (f"203.0.113.{n}" for n in itertools.count(1))
PER_ADDRESS = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("limits")) as start:
        root = str(Path(__file__).resolve().parents[2])
        yield start(env={"DJANGO_SETTINGS_MODULE": "tests.hostile.narrow", "PYTHONPATH": root})


@pytest.fixture(scope="module")
def people(server: LiveServer) -> list[Person]:
    return make_people(server, ["ann", "bob"])


def forged() -> dict[str, str]:
    """An address that the client made up, as it comes in each of the usual headers."""
    address = next(FORGED)
    return {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}"}


async def test_messages_of_a_user(server: LiveServer, people: list[Person]) -> None:
    """Security 9, LIM-2: over several sockets together, with the seconds to wait."""
    ann, bob = people
    id = await talk(server, ann, bob)
    found: list[str] = []
    async with full(server, ann) as one, full(server, ann) as other, full(server, bob) as his:
        for n, socket in zip(range(70), itertools.cycle((one, other)), strict=False):
            await socket.send(id=n, type="chat.send", topic=f"chat.{id}", data={"content": "x"})
            while (frame := await socket.frame()).get("id") != n:
                pass
            found.append(frame.get("error", {}).get("code", "ok"))
        error = frame["error"]
        await his.send(id=1, type="chat.send", topic=f"chat.{id}", data={"content": "x"})
        assert "ok" in await his.frame(), "another is not concerned"
    print(f"70 messages at once over two sockets: {found.count('ok')} taken; retry_after {error['retry_after']} s")
    assert found == ["ok"] * 60 + ["rate_limited"] * 10
    assert (error["code"], error["temporary"]) == ("rate_limited", True)
    assert 0 < error["retry_after"] <= 60


async def test_subscriptions_of_a_socket(server: LiveServer, people: list[Person]) -> None:
    """Security 9, ENV-6"""
    async with full(server, people[1]) as socket:
        codes = []
        for n in range(12):
            await socket.send(id=1, type="chat.join_room", data={"name": f"room{n}"})
            topic = f"chat.{(await socket.frame())['ok']['conversation']['id']}"
            await socket.send(id=2, type="subscribe", topic=topic)
            while (frame := await socket.frame()).get("id") != 2:
                pass
            codes.append(frame.get("error", {}).get("code", "ok"))
    print(f"12 topics on a socket that may follow 10: {codes.count('ok')} followed, then {set(codes[10:])}")
    assert codes == ["ok"] * 10 + ["too_many_subscriptions"] * 2


async def test_sockets_of_a_user_and_of_an_address(server: LiveServer, people: list[Person]) -> None:
    """Security 9, LIM-3, HOST-16: 4029, whatever address the client says that it has."""
    async with AsyncExitStack() as stack:

        async def one_more(person: Person | None) -> int:
            socket = await stack.enter_async_context(connect(server, "", by=person, headers=forged()))
            try:
                await socket.frame()
                return 0
            except Exception:
                return socket.connection.close_code or 1006

        of_ann = [await one_more(people[0]) for _ in range(7)]
        of_all = [await one_more(None) for _ in range(PER_ADDRESS + 2)]
    print(f"sockets of a user: {of_ann.count(0)}; of an address: {of_all.count(0) + of_ann.count(0)}; more: 4029")
    assert of_ann == [0] * 5 + [4029] * 2
    assert of_all == [0] * (PER_ADDRESS - 5) + [4029] * 7


def test_sign_ins_and_registrations(server: LiveServer) -> None:
    """Security 9, LIM-6, HOST-16: 429 with Retry-After, for right passwords too, from whatever address it says."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=20) as http:
        for path, most in (("token", 10), ("register", 10)):
            body = {"username": "ann", "password": "wrong"}
            answers = [http.post(f"/api/auth/{path}/", json=body, headers=forged()) for _ in range(most + 2)]
            statuses = [answer.status_code for answer in answers]
            wait = int(answers[-1].headers["Retry-After"])
            print(f"{path}: {statuses.index(429)} answered, then 429 with Retry-After {wait}")
            assert 429 not in statuses[:most] and statuses[most:] == [429] * 2
            assert answers[-1].json()["code"] == "rate_limited"
            assert wait >= 1
