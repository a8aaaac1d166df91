"""The TypeScript types are a pure function of the registry."""

import subprocess
import sys
from datetime import datetime
from enum import Enum
from typing import Annotated, Literal

import msgspec
import pytest

from hubbub.protocol.registry import CommandType, EventType, Registry
from hubbub.protocol.typescript import typescript


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Option(msgspec.Struct):
    """One of the answers."""

    label: str
    weight: float = 1.0


class Vote(msgspec.Struct):
    """Vote for an option. ``note`` may explain it, and */ ends nothing."""

    option: int
    """Its index, from 0."""
    note: Annotated[str, msgspec.Meta(max_length=10)] | None = None


class Voted(msgspec.Struct):
    options: list[Option]
    by: dict[str, list[int | str]]
    kind: Literal["open", "secret"]
    colour: Colour
    span: tuple[int, str]
    ends: datetime
    extra: msgspec.Raw
    late: bool = False


class Sparse(msgspec.Struct, omit_defaults=True, rename="camel"):
    retry_after: float | None = None


class Nothing(msgspec.Struct):
    pass


class Pair(msgspec.Struct, array_like=True):
    left: int
    right: int


class Odd(msgspec.Struct):
    value: msgspec.msgpack.Ext


def poll(*, command: type = Vote, reply: type | None = Voted, event: type = Voted) -> Registry:
    return Registry(
        commands={"poll.vote": CommandType("poll.vote", command, reply, "required", "")},
        events={"poll.voted": EventType("poll.voted", event, durable=False)},
    )


def test_commands_name_data_reply_and_topic() -> None:
    assert '"poll.vote": { data: Vote; reply: Voted; topic: string };' in typescript(poll())


def test_a_command_without_reply_or_topic() -> None:
    registry = poll()
    registry.commands["poll.end"] = CommandType("poll.end", Nothing, None, "none", "")
    text = typescript(registry)
    assert '"poll.end": { data: Nothing; reply: Record<string, never>; topic: null };' in text
    assert "export type Nothing = Record<string, never>;" in text


def test_every_kind_of_field() -> None:
    text = typescript(poll())
    for line in (
        "options: Option[];",
        "by: Record<string, (number | string)[]>;",
        'kind: "open" | "secret";',
        'colour: "red" | "blue";',
        "span: [number, string];",
        "ends: string;",
        "extra: unknown;",
    ):
        assert f"  {line}\n" in text


def test_defaults_are_optional_for_the_sender_and_always_there_for_the_reader() -> None:
    text = typescript(poll())
    assert "  note?: string | null;" in text
    assert "  late: boolean;" in text
    assert "  weight: number;" in text


def test_what_is_left_out_on_the_wire_is_optional_and_renamed() -> None:
    assert "  retryAfter?: number | null;" in typescript(poll(event=Sparse))


def test_docstrings_become_tsdoc() -> None:
    text = typescript(poll())
    assert "/** Vote for an option. `note` may explain it, and *\\/ ends nothing. */" in text
    assert "  /** Its index, from 0. */\n  option: number;" in text
    assert "Ephemeral: it may be lost." in text
    assert "\nexport interface Voted {" in text


def test_two_structs_of_one_name_are_told_apart_by_feature() -> None:
    other = type("Vote", (msgspec.Struct,), {"__annotations__": {"seat": int}, "__module__": "x.town_hall.messages"})
    registry = poll()
    registry.commands["hall.vote"] = CommandType("hall.vote", other, None, "required", "")
    text = typescript(registry)
    assert "export interface TownHallVote {\n  seat: number;\n}" in text
    assert "export interface TestsVote {" in text


def test_two_structs_that_cannot_be_told_apart_are_refused() -> None:
    other = type("Vote", (msgspec.Struct,), {"__annotations__": {"seat": int}, "__module__": __name__})
    registry = poll()
    registry.commands["hall.vote"] = CommandType("hall.vote", other, None, "required", "")
    with pytest.raises(ValueError, match="TestsVote"):
        typescript(registry)


@pytest.mark.parametrize("struct", [Pair, Odd])
def test_what_a_client_could_not_read_is_refused(struct: type) -> None:
    with pytest.raises(TypeError):
        typescript(poll(event=struct))


def test_the_same_registry_gives_the_same_text_in_any_process_and_order() -> None:
    code = (
        "import hubbub.chat.messages\n"
        "from hubbub.protocol.registry import Registry, registry as r\n"
        "from hubbub.protocol.typescript import typescript\n"
        "back = Registry(dict(reversed(r.commands.items())), dict(reversed(r.events.items())))\n"
        "assert typescript(r) == typescript(back)\n"
        "print(typescript(r))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1
    assert '"chat.send": { data: Send; reply: MessageReply; topic: string };' in outputs.pop()
