"""The envelope, errors and replies of the full protocol, without a network."""

import json

import msgspec
import pytest

from hubbub.engine.context import Context
from hubbub.protocol.errors import Empty
from hubbub.protocol.registry import command, handles
from hubbub.testing import MemoryEngine, settle


class Echoed(msgspec.Struct):
    text: str


@command("test.echo", reply=Echoed, topic="none")
class Echo(msgspec.Struct):
    text: str


@command("test.fail", topic="none")
class Fail(msgspec.Struct):
    how: str


@handles(Echo)
async def echo(ctx: Context, data: Echo) -> Echoed:
    return Echoed(data.text)


@handles(Fail)
async def fail(ctx: Context, data: Fail) -> None:
    raise Empty if data.how == "clearly" else RuntimeError("a secret of the server")


async def test_ready_comes_first():
    """ENV-6"""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        first = alice.frames[0]
        assert first["type"] == "ready"
        assert first["data"]["user"]["username"] == "alice"
        assert first["data"]["heartbeat"] == 30
        assert first["data"]["limits"]["frame_bytes"] == 65_536
        assert first["data"]["session"] and first["data"]["time"].endswith("Z")
        nobody = await engine.connect(None)
        assert nobody.frames[0]["data"]["user"] is None


async def test_a_command_gets_one_reply():
    """ENV-1 ENV-3"""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        reply = await alice.command("test.echo", data={"text": "hi", "unknown": 1}, unknown="ignored")
        assert reply == {"id": 1, "type": "reply", "ok": {"text": "hi"}}
        alice.send_text('{"type": "test.echo", "data": {"text": "no id, no reply"}}')
        alice.send_text('{"type": "test.echo", "id": "text ids too", "data": {"text": "x"}}')
        await settle()
        assert [frame.get("id") for frame in alice.frames[1:]] == [1, "text ids too"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "bad_json"),
        ("nonsense", "bad_json"),
        ("[" * 10_000, "bad_json"),
        ('{"type": "test.echo", "data": ' + '{"a":' * 100 + "1" + "}" * 100 + "}", "bad_json"),
        ('{"type": "test.echo", "data": {"text": NaN}}', "bad_json"),
        ('{"type": "test.echo", "data": {"text": "\\ud800"}}', "bad_json"),
        ('{"type": "test.echo", "data": {"text": Infinity}}', "bad_json"),
        (None, "bad_json"),
        ("[]", "bad_frame"),
        ("{}", "bad_frame"),
        ('{"type": 7}', "bad_frame"),
        ('{"type": "test.echo", "id": 1' + "0" * 400 + "}", "bad_frame"),
        ('{"type": "test.echo", "topic": "not a topic"}', "bad_frame"),
        ('{"type": "test.nothing"}', "unknown_command"),
        ('{"type": "test.echo", "data": {}}', "bad_data"),
        ('{"type": "test.echo", "data": []}', "bad_data"),
        ('{"type": "test.echo", "data": {"text": 5}}', "bad_data"),
        ('{"type": "subscribe"}', "bad_frame"),
    ],
)
async def test_bad_frames_get_an_error_and_the_session_lives(frame, code):
    """ENV-2 ENV-7 ERR-1: two steps, so that an unknown command never reads as a bad format."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        alice.send_text(frame)
        await settle()
        last = alice.frames[-1]
        assert last.get("error", {}).get("code") == code, last
        assert set(last["error"]) >= {"code", "message", "temporary"}
        assert (await alice.command("test.echo", data={"text": "still here"}))["ok"] == {"text": "still here"}


async def test_errors_are_answers(caplog):
    """ERR-1 ERR-2: what was not expected is logged with the id that the client gets, and tells nothing else."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        reply = await alice.command("test.fail", data={"how": "clearly"})
        assert reply["error"] == {"code": "empty", "message": "Empty message", "temporary": False}
        reply = await alice.command("test.fail", data={"how": "badly"})
        assert reply["error"]["code"] == "internal" and reply["error"]["temporary"]
        assert "secret" not in json.dumps(alice.frames)
        id = reply["error"]["message"].split()[-1].rstrip(".")
        assert id in caplog.text
        assert (await alice.command("test.echo", data={"text": "x"}))["ok"]


async def test_a_frame_too_big_closes_the_session():
    """LIM-1, for servers that do not see to it themselves."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        alice.send_text(" " * 65_537)
        await settle()
        assert alice.closed == 1009
