"""Who may connect, and what those hear who may not."""

from __future__ import annotations

import base64
import json

import pytest

from tests.formats.client import Person, ask, connect, full, refused, talk
from tests.services import LiveServer

GREETING = {"type": "connection_established", "message": "Connected to chat"}


def unsigned(token: str) -> str:
    """The same claims under ``alg=none``."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}."


def tampered(token: str) -> str:
    """Another's id under the old signature."""
    head, claims, signature = token.split(".")
    found = json.loads(base64.urlsafe_b64decode(claims + "=="))
    found["user_id"] = "1"
    changed = base64.urlsafe_b64encode(json.dumps(found).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


def bad_tokens(person: Person) -> dict[str, str]:
    return {
        "nonsense": "nonsense",
        "empty": "",
        "null": "null",
        "undefined": "undefined",
        "expired": person.expired,
        "refresh token": person.refresh,
        "alg=none": unsigned(person.token),
        "tampered": tampered(person.token),
        "cut": person.token[:-3],
        "NUL": "\x00",
        "not ASCII": "жетон",
    }


BAD = ["nonsense", "empty", "null", "undefined", "expired", "refresh token", "alg=none", "tampered", "cut"]
BAD += ["NUL", "not ASCII"]


async def test_by_token(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """AUT-1: an access token in the query string says who the client is."""
    id = await talk(server, ann, bob)
    async with connect(server, f"chat/{id}/", token=ann.token) as socket:
        assert await socket.frame() == GREETING
        await socket.send(type="chat_message", content="by token")
        assert (await socket.frame())["message"]["sender"] == ann.sender
    async with connect(server, f"chat/{room}/", token=ann.token) as socket:
        await socket.send(message="by token")
        assert (await socket.frame())["username"] == ann.username


async def test_by_cookie(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """AUT-1: so does the session cookie."""
    id = await talk(server, ann, bob)
    async with connect(server, f"chat/{id}/", by=bob) as socket:
        assert await socket.frame() == GREETING
        await socket.send(type="chat_message", content="by cookie")
        assert (await socket.frame())["message"]["sender"] == bob.sender
    async with connect(server, f"chat/{room}/", by=bob) as socket:
        await socket.send(message="by cookie")
        assert (await socket.frame())["username"] == bob.username


async def test_a_token_goes_before_a_cookie(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """AUT-1: the token decides, also where the cookie would have done."""
    async with connect(server, f"chat/{room}/", by=ann, token=bob.token) as socket:
        await socket.send(message="who am I?")
        assert (await socket.frame())["username"] == bob.username


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("url", ["conversation", "absent", "room", "lobby", "notifications", "full"])
async def test_bad_tokens(server: LiveServer, ann: Person, bob: Person, room: str, kind: str, url: str) -> None:
    """AUT-1, AUT-2, Security 2: 4001 with no frame before, alone and beside a valid cookie."""
    token = bad_tokens(ann)[kind]
    paths = {"absent": "chat/999999/", "room": f"chat/{room}/", "lobby": "chat/", "full": ""}
    path = (paths | {"notifications": "notifications/"}).get(url)
    if path is None:
        path = f"chat/{await talk(server, ann, bob)}/"
    assert await refused(server, path, token=token) == 4001
    assert await refused(server, path, token=token, by=ann) == 4001


async def test_a_guest_has_no_conversations(server: LiveServer, ann: Person, bob: Person) -> None:
    """AUT-2: not signed in is 4001, whether there is such a conversation or not."""
    id = await talk(server, ann, bob)
    for path in (f"chat/{id}/", "chat/999999/", "chat/0/", f"chat/{'9' * 18}/", f"chat/{'9' * 60}/", "notifications/"):
        assert await refused(server, path) == 4001, path
        assert await refused(server, path, cookie="no-such-session") == 4001, path


async def test_absent_and_forbidden_are_one(server: LiveServer, ann: Person, bob: Person, cyd: Person) -> None:
    """ACC-1, AUT-2, Security 5: 4003 with no frame before, by cookie and by token, to the last byte the same."""
    id = await talk(server, ann, bob)
    answers = []
    for path in (f"chat/{id}/", "chat/999999/", "chat/0/", f"chat/{'9' * 18}/", f"chat/{'9' * 60}/"):
        for options in ({"by": cyd}, {"token": cyd.token}):
            async with connect(server, path, **options) as socket:
                code = await socket.closed()
                answers.append((code, socket.connection.close_reason, socket.connection.subprotocol))
    assert set(answers) == {(4003, answers[0][1], None)}


async def test_a_room_is_no_conversation_by_number(server: LiveServer, ann: Person, room: str) -> None:
    """ACC-1: a room's number isn't a way in for who has not signed in."""
    async with connect(server, f"chat/{room}/", by=ann):
        pass
    for id in range(1, 20):
        assert await refused(server, f"chat/{id}/") == 4001


async def test_a_room_by_number_is_for_those_who_have_it_in_their_list(
    server: LiveServer, ann: Person, bob: Person, room: str
) -> None:
    """ACC-1: though anybody may enter it by its name."""
    async with full(server, ann) as socket:
        id = (await ask(socket, "chat.join_room", name=room))["conversation"]["id"]
    assert await refused(server, f"chat/{id}/", by=bob) == 4003
    async with connect(server, f"chat/{id}/", by=ann) as socket:
        assert await socket.frame() == GREETING


async def test_a_deactivated_user(server: LiveServer, crowd: object, ann: Person, bob: Person) -> None:
    """AUT-1: neither token nor cookie of somebody who is no longer active lets in."""
    id = await talk(server, ann, bob)
    server.manage(
        "shell", "-c",
        f"from django.contrib.auth.models import User; User.objects.filter(pk={ann.id}).update(is_active=False)",
    )  # fmt: skip
    assert await refused(server, f"chat/{id}/", token=ann.token) == 4001
    assert await refused(server, f"chat/{id}/", by=ann) == 4001


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        ([], None),
        (["chat"], "chat"),
        (["v9", "chat"], "chat"),
        (["hubbub.v1", "chat"], "chat"),
        (["v9", "v8"], "v9"),
        (["hubbub.v1"], "hubbub.v1"),
    ],
)
@pytest.mark.parametrize("url", ["conversation", "room", "lobby", "notifications", "refused", "forbidden"])
async def test_subprotocols(
    server: LiveServer, ann: Person, bob: Person, room: str, url: str, offered: list[str], selected: str | None
) -> None:
    """`chat` where offered, else the first offered; a browser fails the connection otherwise."""
    paths = {"room": f"chat/{room}/", "lobby": "chat/", "forbidden": "chat/999999/", "refused": "chat/999999/"}
    paths["notifications"] = "notifications/"
    path = paths.get(url) or f"chat/{await talk(server, ann, bob)}/"
    token = "bad" if url == "refused" else ann.token
    async with connect(server, path, token=token, subprotocols=offered) as socket:
        assert socket.subprotocol == selected


async def test_the_full_protocol_prefers_its_own_name(server: LiveServer, ann: Person) -> None:
    async with connect(server, "", by=ann, subprotocols=["chat", "hubbub.v1"]) as socket:
        assert socket.subprotocol == "hubbub.v1"


async def test_tokens_stay_out_of_the_log(server: LiveServer, ann: Person, room: str) -> None:
    """Security 3: a token in a query string never reaches the log, good or bad."""
    async with connect(server, f"chat/{room}/", token=ann.token):
        pass
    assert await refused(server, f"chat/{room}/", token="bad-" + ann.token) == 4001
    assert ann.token not in server.log()
    assert ann.token.split(".")[2] not in server.log()
    assert ann.cookie not in server.log()
