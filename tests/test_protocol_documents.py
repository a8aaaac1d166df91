"""The AsyncAPI document and the page of messages: complete, sound, and true of what is spoken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from jsonschema import Draft202012Validator

from hubbub.chat import actions
from hubbub.django.apps import load_examples
from hubbub.django.auth import actor_of_user
from hubbub.engine.dispatch import decode_data
from hubbub.protocol.asyncapi import asyncapi_document
from hubbub.protocol.close import Close
from hubbub.protocol.dialect import V1_DIALECT
from hubbub.protocol.errors import ERRORS
from hubbub.protocol.frames import Ready
from hubbub.protocol.registry import EventType, Registry, registry
from hubbub.testing import FakeConnection, LiveEngine

REFERENCE = Path(__file__).parent.parent / "docs/reference"
DOCUMENT: dict[str, Any] = json.loads((REFERENCE / "asyncapi.json").read_text())
PAGE = (REFERENCE / "protocol-messages.md").read_text()
SCHEMA: dict[str, Any] = json.loads((REFERENCE / "schema.json").read_text())


def found(reference: str) -> Any:
    """What a reference of the document points at."""
    place: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        place = place[step.replace("~1", "/").replace("~0", "~")]
    return place


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_reference_resolves():
    for reference in references(DOCUMENT):
        found(reference)


def test_every_command_has_a_reply_and_every_event_a_channel():
    operations = DOCUMENT["operations"]
    for name in SCHEMA["commands"]:
        operation = operations[f"command.{name}"]
        assert operation["action"] == "receive", name
        replies = [found(found(each["$ref"])["$ref"]) for each in operation["reply"]["messages"]]
        fields = [set(each["payload"]["properties"]) for each in replies]
        assert fields == [{"id", "type", "ok"}, {"id", "type", "error"}], name
    for name in SCHEMA["events"]:
        operation = operations[f"event.{name}"]
        assert operation["action"] == "send", name
        address = found(operation["channel"]["$ref"])["address"]
        # Presence is one topic for all.
        assert address.endswith(".{key}") or address == "presence", name
    assert operations["event.chat.message_sent"]["channel"] == {"$ref": "#/channels/chat"}
    assert operations["event.chat.conversation_read"]["channel"] == {"$ref": "#/channels/user"}


def test_operations_speak_of_messages_of_their_own_channel():
    for name, operation in DOCUMENT["operations"].items():
        for side in (operation, operation.get("reply", operation)):
            for message in side["messages"]:
                assert message["$ref"].startswith(side["channel"]["$ref"] + "/messages/"), name


def test_all_errors_and_close_codes_stand_in_both():
    """ERR-1, CLO-1"""
    assert set(DOCUMENT["x-errors"]) == {error.code for error in ERRORS}
    assert {code: each["reconnect"] for code, each in DOCUMENT["x-close-codes"].items()} == {
        str(int(code)): code.reconnect for code in Close
    }
    for code in [*DOCUMENT["x-errors"], *DOCUMENT["x-close-codes"]]:
        assert re.search(rf"^\| `?{code}`? \|", PAGE, re.MULTILINE), code


def test_every_example_fits_its_message():
    examples = 0
    for message in DOCUMENT["components"]["messages"].values():
        validator = Draft202012Validator({**message["payload"], "components": DOCUMENT["components"]})
        for example in message.get("examples", ()):
            validator.validate(example["payload"])
            examples += 1
            with pytest.raises(Exception, match=r"was expected|is not"):
                validator.validate({**example["payload"], "type": 1})
    # A command and its reply, an event: where one is missing, it belongs into the feature's examples.py.
    assert examples == 2 * len(SCHEMA["commands"]) + len(SCHEMA["events"])


def test_every_frame_on_the_page_is_one_that_is_spoken():
    """Read by the server's own readers, and into the classes that it sends."""
    load_examples()
    frames = re.findall(r"^(→|←) (\{.*\})$", PAGE, re.MULTILINE)
    command, seen = None, set()
    for arrow, text in frames:
        frame = json.loads(text)
        if arrow == "→":
            inbound, _ = V1_DIALECT.read(text)
            command = registry.command_type(inbound.type)
            decode_data(command, inbound)
            seen.add(command.name)
        elif frame["type"] == "reply":
            assert command is not None
            exact(frame["ok"], command.reply) if command.reply else None
        else:
            event = registry.events[frame["type"]]
            exact(frame["data"], event.data)
            assert ("offset" in frame) == event.durable
            seen.add(event.name)
    assert seen == {*SCHEMA["commands"], *SCHEMA["events"]}


def exact(data: Any, struct: Any) -> None:
    """The data is what the struct is written as, no field more or less."""
    assert msgspec.to_builtins(msgspec.convert(data, struct)) == data


def test_an_event_on_topics_that_there_are_not_is_refused():
    class Lost(msgspec.Struct):
        """Nobody can hear this."""

    with pytest.raises(ValueError, match=r"'lost\.happened' happens on topics of the kind 'lost'"):
        asyncapi_document(Registry(events={"lost.happened": EventType("lost.happened", Lost, True)}), "1")


# What a command says that it may be answered, it is answered.

Provoke = Callable[[FakeConnection, FakeConnection, str], Any]

PROVOKED: dict[tuple[str, str], Provoke] = {
    ("chat.send", "empty"): lambda user, guest, room: user.error("chat.send", room, data={"content": " "}),
    ("chat.send", "too_long"): lambda user, guest, room: user.error("chat.send", room, data={"content": "x" * 5001}),
    ("chat.hide", "not_authenticated"): lambda user, guest, room: guest.error(
        "chat.hide", room, data={"message_id": 1}
    ),
    ("chat.read", "not_authenticated"): lambda user, guest, room: guest.error("chat.read", room),
    ("chat.leave", "not_authenticated"): lambda user, guest, room: guest.error("chat.leave", room),
    ("chat.create", "not_authenticated"): lambda user, guest, room: guest.error(
        "chat.create", data={"participants": ["ada"]}
    ),
    ("chat.typing", "not_subscribed"): lambda user, guest, room: user.error(
        "chat.typing", room, data={"is_typing": True}
    ),
    ("inbox.subscribe", "not_authenticated"): lambda user, guest, room: guest.error("inbox.subscribe"),
    ("presence.watch", "not_authenticated"): lambda user, guest, room: guest.error(
        "presence.watch", data={"users": [1]}
    ),
    ("presence.set", "not_authenticated"): lambda user, guest, room: guest.error("presence.set"),
    ("notifications.mark", "not_authenticated"): lambda user, guest, room: guest.error(
        "notifications.mark", data={"ids": [1]}
    ),
    ("notifications.mark_all", "not_authenticated"): lambda user, guest, room: guest.error("notifications.mark_all"),
    ("notifications.history", "not_authenticated"): lambda user, guest, room: guest.error("notifications.history"),
    ("notifications.preferences", "not_authenticated"): lambda user, guest, room: guest.error(
        "notifications.preferences"
    ),
    ("notifications.set_preference", "not_authenticated"): lambda user, guest, room: guest.error(
        "notifications.set_preference", data={"kind": "general", "channel": "push", "on": True}
    ),
    ("notifications.set_quiet_hours", "not_authenticated"): lambda user, guest, room: guest.error(
        "notifications.set_quiet_hours", data={"begins": None, "ends": None}
    ),
    ("notifications.shown", "not_authenticated"): lambda user, guest, room: guest.error(
        "notifications.shown", data={"number": 1}
    ),
    ("announcements.subscribe", "not_authenticated"): lambda user, guest, room: guest.error("announcements.subscribe"),
    ("announcements.see", "not_authenticated"): lambda user, guest, room: guest.error(
        "announcements.see", data={"up_to": 1}
    ),
    ("announcements.acknowledge", "not_authenticated"): lambda user, guest, room: guest.error(
        "announcements.acknowledge", data={"id": 1}
    ),
    ("announcements.acknowledge", "forbidden"): lambda user, guest, room: user.error(
        "announcements.acknowledge", data={"id": 99}
    ),
    ("auth.refresh", "not_authenticated"): lambda user, guest, room: user.error("auth.refresh", data={"token": "x"}),
    ("inspect.sessions", "forbidden"): lambda user, guest, room: user.error("inspect.sessions"),
    ("inspect.close", "forbidden"): lambda user, guest, room: user.error("inspect.close", data={"session": "x"}),
    ("subscribe", "forbidden"): lambda user, guest, room: user.error("subscribe", "chat.0"),
    ("subscribe", "too_many_subscriptions"): lambda user, guest, room: user.error("subscribe", room),
}


def test_every_error_that_a_command_names_is_provoked_here():
    named = {(name, error.code) for name in SCHEMA["commands"] for error in registry.commands[name].errors}
    assert named == set(PROVOKED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("command", "code"), PROVOKED)
async def test_a_command_is_answered_what_it_says(command: str, code: str, settings: Any):
    """ERR-1"""
    full = code == "too_many_subscriptions"
    settings.HUBBUB = {**settings.HUBBUB, "MAX_SUBSCRIPTIONS": 0 if full else 100}
    async with LiveEngine() as live:
        ada = actor_of_user(await live.run(User.objects.create_user, "ada"))
        room = (await live.run(actions.join_room, ada, "garden")).conversation.topic
        user, guest = await live.connect(ada), await live.connect()
        assert await PROVOKED[command, code](user, guest, room) == code


@pytest.mark.django_db(transaction=True)
async def test_the_first_frame_is_as_described():
    """ENV-6"""
    async with LiveEngine() as live:
        ada = actor_of_user(await live.run(User.objects.create_user, "ada"))
        for connection in (await live.connect(ada), await live.connect()):
            (ready,) = await connection.seen("ready")
            exact(ready["data"], Ready)
