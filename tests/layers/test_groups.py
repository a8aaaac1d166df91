"""Groups that other code sends to: joined while somebody needs them, and what comes reaches the topic's followers."""

import asyncio
import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import gettext_lazy

from hubbub.django.group_table import DEFAULT_GROUPS, GroupTable, group_table
from hubbub.django.groups import LayerGroups, groups_over
from hubbub.django.relay import AT_ONCE
from hubbub.engine.ports import NoGroups
from hubbub.layers.memory import InMemoryLayer
from hubbub.protocol.dialect import V1
from hubbub.protocol.grouped import GROUP_SENT
from hubbub.protocol.registry import TopicKind, topic_kind
from hubbub.testing import FaultyLayer, MemoryEngine, settle

topic_kind(TopicKind("plaza", lambda actor, topic: topic.partition(".")[2], alias=lambda topic, name: f"square.{name}"))

TABLE = GroupTable({"plaza_{id}": "plaza.{id}", "square_{name}": "square.{name}", "all": "plaza.main"})


class Showing(V1):
    """A format that shows what other code sends as it is."""

    groups = True

    def event(self, event):
        return event.raw if event.type == GROUP_SENT else super().event(event)


SHOWING = Showing()


@pytest.fixture
async def layer():
    return FaultyLayer(InMemoryLayer())


@pytest.fixture
async def memory(layer):
    async with MemoryEngine() as made:
        made.engine.groups = LayerGroups(layer, TABLE)
        made.engine.groups.start(made.engine)
        yield made


def shown(connection):
    return [frame for frame in connection.frames if frame["type"] not in ("ready", "reply", "unsubscribed")]


async def test_a_group_reaches_who_follows_its_topic(memory, layer):
    """FMT-1: each of the topic's groups and names, once to each connection; nobody else, and no other format."""
    here = [await memory.connect(name, SHOWING, ["plaza.main"]) for name in ("alice", "alice", "bob")]
    others = [await memory.connect("cyd", SHOWING, ["plaza.7"]), await memory.connect("dan", topics=["plaza.main"])]
    for group in ("plaza_main", "square_main", "all"):
        await layer.group_send(group, {"type": "alert.raised", "of": group})
    await settle()
    expected = [{"type": "alert_raised", "fields": {"of": group}} for group in ("plaza_main", "square_main", "all")]
    for each in here:
        assert sorted(shown(each), key=str) == sorted(expected, key=str)
    assert [shown(each) for each in others] == [[], []]


async def test_a_group_is_joined_while_somebody_needs_it(memory, layer):
    """FMT-1: not for a format that does not show it, and until the last has gone."""
    silent = await memory.connect("alice", topics=["plaza.main"])
    assert layer.groups() == []
    first, second = [await memory.connect("bob", SHOWING, ["plaza.main"]) for _ in range(2)]
    assert layer.groups() == ["all", "plaza_main", "square_main"]
    assert len({next(iter(layer.members(group))) for group in layer.groups()}) == 3  # A channel each.
    first.cut()
    await settle()
    assert layer.groups() == ["all", "plaza_main", "square_main"]
    second.session.revoke("plaza.main", "left")
    await settle()
    assert layer.groups() == []
    await layer.group_send("all", {"type": "alert"})
    await settle()
    assert shown(silent) == shown(second) == []
    await memory.connect("bob", SHOWING, ["plaza.main"])
    assert layer.groups() == ["all", "plaza_main", "square_main"]


async def test_subscribing_again_counts_once(memory, layer):
    connection = await memory.connect("alice", SHOWING, ["plaza.main"])
    for _ in range(3):
        assert "ok" in await connection.command("subscribe", "plaza.main")
    await layer.group_send("all", {"type": "alert"})
    await settle()
    assert len(shown(connection)) == 1
    await connection.command("unsubscribe", "plaza.main")
    await settle()
    assert layer.groups() == []


async def test_what_django_sends_can_be_shown(memory, layer):
    connection = await memory.connect("alice", SHOWING, ["plaza.main"])
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    groups = memory.engine.groups
    groups._pass_on(
        memory.engine,
        groups._groups["all"],
        {"type": "x", "title": gettext_lazy("Hello"), "at": at, "price": Decimal("1.50"), "many": {1: (2,)}},
    )
    await settle()
    assert shown(connection)[0]["fields"] == {
        "title": "Hello",
        "at": "2026-03-01T12:00:00Z",
        "price": "1.50",
        "many": {"1": [2]},
    }


BAD: list[Any] = [None, [], "text", {}, {"type": None}, {"type": 7}, {"type": ""}, {"type": "."}]
BAD += [{"type": "x", "it": object()}, {"type": "x", "it": "\ud800"}, {"type": "x", (1, 2): 3}]


async def test_bad_messages_end_nothing(memory, layer, caplog):
    """FMT-6: they are logged, one line for all of a second, and the next one arrives."""
    connection = await memory.connect("alice", SHOWING, ["plaza.main"])
    group = memory.engine.groups._groups["all"]
    with caplog.at_level(logging.WARNING):
        for bad in BAD:
            memory.engine.groups._pass_on(memory.engine, group, bad)
        await layer.group_send("all", {})
        await layer.group_send("all", {"type": {}})
        await layer.group_send("all", {"type": "hubbub.event", "topic": "plaza.main"})
        await layer.group_send("all", {"type": "good"})
        await settle()
    assert [frame["type"] for frame in shown(connection)] == ["good"]
    assert len([record for record in caplog.records if "cannot be shown" in record.getMessage()]) == 1
    assert connection.closed is None


async def test_a_layer_that_is_away_keeps_nobody_out(memory, layer, caplog):
    """FMT-1: who connects is let in, and has what is sent once the layer is back; the log says both, once."""
    layer.away = True
    with caplog.at_level(logging.WARNING):
        early = [await memory.connect("alice", SHOWING, [topic]) for topic in ("plaza.main", "plaza.7")]
        await memory.clock.advance(3)
        await settle()
        layer.away = False
        await memory.clock.advance(2)
        await settle()
    await layer.group_send("all", {"type": "alert"})
    await settle()
    assert [len(shown(each)) for each in early] == [1, 0]
    said = [record.getMessage() for record in caplog.records if record.name.startswith("hubbub.groups")]
    assert len(said) == 2 and "does not answer" in said[0] and "answers again" in said[1]
    await layer.lose_connection()
    await memory.clock.advance(2)
    await settle()
    await layer.group_send("all", {"type": "alert"})
    await settle()
    assert len(shown(early[0])) == 2


async def test_a_layer_that_is_away_is_asked_by_one_group(memory, layer):
    """FMT-1: however many there are; back again, it is not run over, and has them all at once."""
    connections = [await memory.connect("alice", SHOWING, [f"plaza.{n}"]) for n in range(40)]
    groups = layer.groups()
    assert len(groups) == 80
    join, now, most = layer.layer.group_add, 0, 0

    async def counted(group: str, channel: str) -> None:
        nonlocal now, most
        now += 1
        most = max(now, most)
        for _ in range(40):
            await asyncio.sleep(0)
        await join(group, channel)
        now -= 1

    layer.layer.group_add = counted
    layer.away = True
    await layer.lose_connection()
    await settle()
    asked = len(layer.asked)
    for _ in range(5):
        await memory.clock.advance(1)
        await settle()
    assert len([how for how, _ in layer.asked[asked:] if how == "group_add"]) in (4, 5)
    layer.away = False
    await memory.clock.advance(1.1)
    for _ in range(5):
        await settle()
    assert layer.groups() == groups
    assert most == AT_ONCE
    assert all(len(layer.members(group)) == 1 for group in groups)
    await layer.group_send("plaza_7", {"type": "alert"})
    await settle()
    assert [len(shown(each)) for each in connections] == [n == 7 for n in range(40)]


async def test_one_group_that_is_refused_keeps_no_other_out(memory, layer):
    """FMT-1: the layer is there, and takes the others."""
    join = layer.layer.group_add

    async def refusing(group: str, channel: str) -> None:
        if group == "plaza_bad":
            raise TypeError("the layer does not like the name")
        await join(group, channel)

    layer.layer.group_add = refusing
    for name in ("bad", "good"):
        await memory.connect("alice", SHOWING, [f"plaza.{name}"])
    await layer.lose_connection()
    for _ in range(5):
        await memory.clock.advance(1)
        await settle()
    assert layer.groups() == ["plaza_good", "square_bad", "square_good"]


async def test_a_layer_that_says_nothing_is_not_waited_for_long(memory, layer, monkeypatch):
    monkeypatch.setattr("hubbub.django.groups.JOIN_SECONDS", 0.05)
    layer.stall()
    connection = await asyncio.wait_for(memory.connect("alice", SHOWING, ["plaza.main"]), 5)
    assert connection.frames[0]["type"] == "ready"
    layer.resume()
    await settle()
    await layer.group_send("all", {"type": "alert"})
    await settle()
    assert len(shown(connection)) == 1


async def test_memberships_are_kept_up():
    """A layer forgets who has long been in a group."""
    layer = FaultyLayer(InMemoryLayer(group_expiry=30))
    async with MemoryEngine() as memory:
        memory.engine.groups = LayerGroups(layer, TABLE)
        memory.engine.groups.start(memory.engine)
        await memory.connect("alice", SHOWING, ["plaza.main"])
        asked = len(layer.asked)
        await memory.clock.advance(15)
        await settle()
        assert ("group_add", "all") in layer.asked[asked:]
        assert len(layer.members("all")) == 1


async def test_the_end_leaves_no_member(layer):
    async with MemoryEngine() as made:
        made.engine.groups = LayerGroups(layer, TABLE)
        made.engine.groups.start(made.engine)
        await made.connect("alice", SHOWING, ["plaza.main"])
        assert layer.groups()
    assert layer.groups() == []


# The table


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["notifications.7"], ["notifications_7", "user_7"]),
        (["notifications.0190-a.b"], ["notifications_0190-a.b", "user_0190-a.b"]),
        (["audience.everyone"], ["notifications", "global_notifications", "all_users", "user_status_updates"]),
        (["audience.staff"], ["moderators"]),
        (["audience.users"], ["users"]),
        (["audience.team.3"], ["department_3", "team_3", "team_updates_3"]),
        (["audience.group.3"], []),
        (["chat.42"], ["conversation_42", "chat_42"]),
        (["chat.42", "room.general"], ["conversation_42", "chat_42", "chat_general"]),
        (["chat.42", "room.küche"], ["conversation_42", "chat_42"]),
        (["chat.42", f"room.{'x' * 95}"], ["conversation_42", "chat_42"]),
        (["user.7"], []),
    ],
)
def test_the_defaults(names, groups):
    """FMT-1: the groups of each kind of socket."""
    assert sorted(GroupTable(DEFAULT_GROUPS).groups_of(names)) == sorted(groups)


def test_a_project_changes_the_table(settings):
    settings.HUBBUB = {"GROUPS": {"all_users": "", "users": "audience.everyone", "sales-{g}": "audience.group.{g}"}}
    table = group_table()
    assert "all_users" not in table.groups_of(["audience.everyone"])
    assert "users" in table.groups_of(["audience.everyone"])
    assert table.groups_of(["audience.users"]) == []
    assert table.groups_of(["audience.group.3"]) == ["sales-3"]


@pytest.mark.parametrize(
    "row",
    [
        {"team_{id}": "audience.team"},
        {"team": "audience.team.{id}"},
        {"team_{id}": "audience.team.{team}"},
        {"team_{a}_{b}": "audience.{a}.{b}"},
        {"team {id}": "audience.team.{id}"},
        {"": "audience.everyone"},
        {"é": "audience.everyone"},
    ],
)
def test_rows_that_cannot_be_read(settings, row):
    """The check says so, in words."""
    from hubbub.django.checks import check_settings

    settings.HUBBUB = {"GROUPS": row}
    assert [each.id for each in check_settings()] == ["hubbub.E001"]


def test_no_layer_no_groups():
    assert isinstance(groups_over(None), NoGroups)
    assert isinstance(groups_over(InMemoryLayer()), LayerGroups)
