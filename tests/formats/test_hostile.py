"""Hostile JSON (rule ENV-7): an error frame, or none where a field is ignored; socket and process live on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.formats.client import Person, Socket, assert_error, connect, conversation, full, rest, talk
from tests.formats.hostile import MISFITS, NOT_JSON, UNCARRIED, VALUES, with_value
from tests.services import LiveServer


@pytest.fixture(scope="module")
def server(server_on_either: LiveServer) -> LiveServer:
    return server_on_either


@pytest.fixture(autouse=True)
def unharmed(server: LiveServer) -> Any:
    """The same process goes on, and had nothing unexpected to log."""
    pid = server.pid
    yield
    assert server.running
    assert server.pid == pid
    assert "Traceback" not in server.log()


async def all_errors(socket: Socket, texts: list[str], last: dict[str, Any], event: str) -> list[dict[str, Any]]:
    """The errors that the texts are answered with, before the answer to a last good frame."""
    for text in texts:
        await socket.send_text(text)
    await socket.send(**last)
    errors = []
    while (frame := await socket.frame())["type"] != event:
        assert_error(frame)
        assert frame["code"] != "internal", frame
        errors.append(frame)
    return errors


LAST = {"type": "chat_message", "content": "last", "message": "last"}


async def test_not_json(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """`Invalid JSON`, once for each, in a conversation, a room and the lobby; nobody else hears of it."""
    id = await talk(server, ann, bob)
    texts = list(NOT_JSON.values())
    async with conversation(server, ann, id) as hers, conversation(server, bob, id) as his:
        errors = await all_errors(hers, texts, LAST, "new_message")
        assert [error["error"] for error in errors] == ["Invalid JSON"] * len(texts)
        assert (await his.frame())["message"]["content"] == "last"
    for path, event in ((f"chat/{room}/", "chat_message"), ("chat/", "chat")):
        async with connect(server, path) as guest:
            errors = await all_errors(guest, texts, LAST, event)
            assert [error["error"] for error in errors] == ["Invalid JSON"] * len(texts)
    print(f"{len(texts)} texts that are no JSON, on 3 kinds of socket: an error frame for each, and it went on")


@pytest.mark.parametrize("field", ["content", "type", "x", "sender", "offset"])
async def test_what_json_cannot_carry(server: LiveServer, ann: Person, bob: Person, room: str, field: str) -> None:
    """In any field, known or not: `Invalid JSON`, or left alone where nobody reads it. Nothing is half-saved."""
    id = await talk(server, ann, bob)
    others = {"type": "chat_message", "content": "good", "message": "good"}
    others.pop(field, None)
    texts = [with_value(value, field, **others) for value in UNCARRIED.values()]
    async with conversation(server, ann, id) as hers, conversation(server, bob, id) as his:
        errors = await all_errors(hers, texts, LAST, "new_message")
        assert [error["error"] for error in errors] == ["Invalid JSON"] * len(texts)
        assert (await his.frame())["message"]["content"] == "last"
    async with connect(server, f"chat/{room}/") as guest:
        errors = await all_errors(guest, texts, LAST, "chat_message")
        assert [error["error"] for error in errors] == ["Invalid JSON"] * len(texts)
    print(f"{len(texts)} values that JSON cannot carry, as {field!r}: none was taken, and both sockets went on")


@pytest.mark.parametrize("field", ["content", "message", "message_id", "is_typing", "type"])
async def test_misfits(server: LiveServer, ann: Person, bob: Person, room: str, field: str) -> None:
    """Values of another type than the field's: an error, or no answer; never a message, typing or a deletion."""
    id = await talk(server, ann, bob)
    type = {"message_id": "delete_message", "is_typing": "typing"}.get(field, "chat_message")
    others = {} if field == "type" else {"type": type}
    texts = [with_value(value, field, **others) for value in VALUES.values()]
    strict = {"content": True, "message_id": True, "message": True}.get(field, False)
    async with conversation(server, ann, id) as hers, conversation(server, bob, id) as his:
        errors = await all_errors(hers, texts, LAST, "new_message")
        if strict:
            assert len(errors) == len(texts)
        while (frame := await his.frame())["type"] == "typing":
            assert field == "is_typing"
        assert frame["message"]["content"] == "last"
    if field in ("message", "is_typing"):
        async with connect(server, f"chat/{room}/") as guest:
            errors = await all_errors(guest, texts, LAST, "chat_message")
            if field == "message":
                assert len(errors) == len(texts)
    async with rest(server, bob) as http:
        found = (await http.get(f"/api/conversations/{id}/messages/")).json()["results"]
        assert [message["content"] for message in found] == ["last"]


async def test_large_numbers_nobody_reads(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """Unknown fields are ignored, whatever JSON they hold."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers:
        for name in MISFITS:
            await hers.send_text(with_value(MISFITS[name], "x", type="chat_message", content=name))
            assert (await hers.frame())["message"]["content"] == name
    async with connect(server, f"chat/{room}/") as guest:
        for name in MISFITS:
            await guest.send_text(with_value(MISFITS[name], "x", message=name))
            assert (await guest.frame())["message"] == name


async def test_duplicate_keys(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """The last one counts, for the check and for what is saved alike."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers:
        await hers.send_text('{"type": "typing", "content": "", "type": "chat_message", "content": "second"}')
        assert (await hers.frame())["message"]["content"] == "second"
        await hers.send_text('{"type": "chat_message", "content": "good", "content": " "}')
        assert await hers.error() == "Empty message"
    async with connect(server, f"chat/{room}/") as guest:
        await guest.send_text('{"message": "", "message": "second"}')
        assert (await guest.frame())["message"] == "second"


@pytest.mark.parametrize("path", ["", "chat/room-for-bytes/"])
async def test_raw_surrogates(server: LiveServer, ann: Person, path: str) -> None:
    """They are no UTF-8, so no text frame: 1007, and the server lives on."""
    async with connect(server, path, by=ann) as socket:
        if not path:
            await socket.frame()
        await socket.send_raw_text(b'{"message": "\xed\xa0\x80"}')
        assert await socket.closed() == 1007


async def test_the_full_protocol(server: LiveServer, ann: Person, bob: Person) -> None:
    """ENV-2, ENV-7: `bad_json`, `bad_frame` or `bad_data`, with the id where it can be read; nothing is saved."""
    id = await talk(server, ann, bob)
    async with full(server, ann) as socket:
        for text in NOT_JSON.values():
            await socket.send_text(text)
            frame = await socket.frame()
            assert (frame["type"], frame["error"]["code"]) == ("error", "bad_json"), text[:100]
        for name, value in VALUES.items():
            envelope = f'"id": 7, "type": "chat.send", "topic": "chat.{id}"'
            await socket.send_text(f'{{{envelope}, "data": {{"content": {value}}}}}')
            code = (await socket.frame())["error"]["code"]
            allowed = ("bad_json", "bad_data") if name in UNCARRIED else ("bad_data",)
            assert code in allowed, (name, code)
            for field in ("id", "type", "topic", "since", "data"):
                fields = {"id": "8", "type": '"chat.typing"', "topic": f'"chat.{id}"', "data": '{"is_typing": 7}'}
                fields[field] = value
                await socket.send_text("{" + ", ".join(f'"{key}": {text}' for key, text in fields.items()) + "}")
                code = (await socket.frame())["error"]["code"]
                known = ("bad_json", "bad_frame", "bad_data", "unknown_command", "forbidden")
                assert code in known, (name, field, code)
        misfits: list[Any] = [[], "x", 7, None, {}, {"id": 1}, {"type": 7}, {"type": ""}, {"type": "x" * 60_000}]
        for other in misfits:
            await socket.send_text(json.dumps(other))
            assert (await socket.frame())["error"]["code"] in ("bad_frame", "unknown_command")
    async with rest(server, bob) as http:
        found = (await http.get(f"/api/conversations/{id}/messages/")).json()["results"]
        assert found == []
