"""Starting conversations, rooms, who takes part: the actions."""

import threading
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from hubbub.chat import actions, queries
from hubbub.chat import messages as wire
from hubbub.chat.models import Conversation, Message
from hubbub.django.models import Event
from hubbub.engine.actor import Actor, guest
from hubbub.protocol.errors import Absent, BadData, Forbidden, HubbubError, NotAuthenticated
from hubbub.testing import LiveEngine

pytestmark = pytest.mark.django_db


def names(conversation: wire.Conversation) -> list[str]:
    return [each.username for each in conversation.participants]


def at_once(*functions: Callable[[], Any]) -> list[Any]:
    """Call the functions in threads that start together; returns what they return, or raise."""
    barrier = threading.Barrier(len(functions))
    found: list[Any] = [None] * len(functions)

    def call(index: int, function: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            found[index] = function()
        except Exception as error:
            found[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call, args=each) for each in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found


def test_direct_is_found(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """CHT-7: by either of the two, however the other is named."""
    assert (direct.kind, names(direct), direct.unread) == ("direct", ["alice", "bob"], 0)
    for who, others in ((alice, ["bob"]), (bob, ["alice"]), (alice, ["bob", "bob", "alice"])):
        assert actions.create_conversation(who, others).conversation.id == direct.id
    assert Conversation.objects.count() == 1
    assert Event.objects.filter(type="chat.conversation_added").count() == 2


@pytest.mark.django_db(transaction=True)
def test_direct_is_found_by_two_at_once(alice: Actor, bob: Actor) -> None:
    """CHT-7"""
    for _ in range(5):
        Conversation.objects.all().delete()
        found = at_once(
            *(lambda: actions.create_conversation(alice, ["bob"]).conversation.id for _ in range(2)),
            *(lambda: actions.create_conversation(bob, ["alice"]).conversation.id for _ in range(2)),
        )
        assert len(set(found)) == 1 and Conversation.objects.count() == 1, found


@pytest.mark.django_db(transaction=True)
async def test_direct_is_found_by_two_sessions(live: LiveEngine, alice: Actor, bob: Actor) -> None:
    """CHT-7: the same, over the writer's one thread and a REST view's."""
    first, second = await live.connect(alice), await live.connect(bob)
    one = await first.send("chat.create", data={"participants": ["bob"]})
    two = await second.send("chat.create", data={"participants": ["alice"]})
    three = await live.run(actions.create_conversation, bob, ["alice"])
    assert one["conversation"]["id"] == two["conversation"]["id"] == three.conversation.id


@pytest.mark.django_db(transaction=True)
def test_one_client_id_at_once(alice: Actor, bob: Actor) -> None:
    """ACK-2"""
    direct = actions.create_conversation(alice, ["bob"]).conversation
    replies = at_once(
        *(lambda: actions.send_message(alice, direct.topic, "hi", client_id="c1") for _ in range(4)),
    )
    assert replies[0] == replies[1] == replies[2] == replies[3]
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_numbers_follow_each_other(alice: Actor, bob: Actor) -> None:
    """EVT-1: four threads write into one conversation."""
    direct = actions.create_conversation(alice, ["bob"]).conversation

    def write() -> list[tuple[int, int]]:
        sent = [actions.send_message(alice, direct.topic, "hi") for _ in range(10)]
        return [(each.message.number, each.offset) for each in sent]

    replies = sorted(each for found in at_once(write, write, write, write) for each in found)
    assert replies == [(n, n) for n in range(1, 41)]


def test_a_group_is_always_new(alice: Actor, bob: Actor, carol: Actor, group: wire.Conversation) -> None:
    """A title, or more than two people."""
    assert (group.kind, group.title) == ("group", "Plans")
    again = actions.create_conversation(alice, ["bob"], "Plans").conversation
    three = actions.create_conversation(alice, ["bob", "carol"]).conversation
    assert len({group.id, again.id, three.id}) == 3
    assert (three.kind, names(three)) == ("group", ["alice", "bob", "carol"])


@pytest.mark.parametrize(
    ("participants", "title"),
    [
        ([], ""),
        (["alice"], ""),
        (["nobody"], ""),
        (["bob", "nobody"], "Plans"),
        (["BOB"], ""),
        (["bob"], "x" * 121),
        (["bob"], "\x00"),
        ([f"p{n}" for n in range(100)], ""),
    ],
)
def test_what_is_no_conversation(alice: Actor, bob: Actor, participants: list[str], title: str) -> None:
    with pytest.raises(BadData):
        actions.create_conversation(alice, participants, title)
    assert Conversation.objects.count() == 0


def test_titles(alice: Actor, bob: Actor) -> None:
    assert actions.create_conversation(alice, ["bob"], "  Plans  ").conversation.title == "Plans"
    assert actions.create_conversation(alice, ["bob"], "🙂" * 120).conversation.title == "🙂" * 120
    # A title of white space is none.
    assert actions.create_conversation(alice, ["bob"], "   ").conversation.kind == "direct"


def test_a_user_who_is_gone_cannot_be_asked(alice: Actor, bob: Actor) -> None:
    """Security 8: whoever has closed the account is answered as if there had never been one."""
    User.objects.filter(username="bob").update(is_active=False)
    said = []
    for name in ("bob", "nob"):
        with pytest.raises(BadData) as refused:
            actions.create_conversation(alice, [name])
        said.append(str(refused.value).replace(name, "..."))
    print(f"closed or never there: {said[0]!r}")
    assert said[0] == said[1]


def test_a_room_is_made_when_first_joined(alice: Actor, bob: Actor) -> None:
    """CHT-8"""
    made = actions.join_room(alice, "garden").conversation
    assert (made.kind, made.name, made.participants) == ("room", "garden", [])
    found = actions.join_room(bob, "garden").conversation
    assert found.id == made.id
    assert actions.join_room(guest("1"), "garden").conversation.id == made.id
    assert Conversation.objects.count() == 1
    assert actions.room_named(guest("2"), "kitchen") != made.topic
    assert Conversation.objects.filter(kind="room").count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_room_is_made_once(alice: Actor, bob: Actor) -> None:
    """CHT-8"""
    found = at_once(
        lambda: actions.join_room(alice, "garden").conversation.topic,
        lambda: actions.join_room(alice, "garden").conversation.topic,
        lambda: actions.join_room(bob, "garden").conversation.topic,
        lambda: actions.room_named(guest("1"), "garden"),
    )
    assert len(set(found)) == 1, found


@pytest.mark.parametrize("name", ["garden", "Garten-Küche_7", "привет", "客厅", "غرفة", "सुप्रभात", "x" * 100, "7a"])
def test_a_rooms_name(alice: Actor, bob: Actor, name: str) -> None:
    """CHT-8: letters of any script, and the same room however they were typed."""
    made = actions.join_room(alice, unicodedata.normalize("NFD", name)).conversation
    assert made.name == unicodedata.normalize("NFC", name)
    assert actions.join_room(bob, made.name).conversation.id == made.id


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "../x", "a/b", "a.b", "12345", "٣٤", "x" * 101, "a\n", "\u202ea", "a\u200b", "<b>", "a\x00"],
)
def test_no_rooms_name(alice: Actor, name: str) -> None:
    """CHT-8: digits alone would be a conversation's number."""
    with pytest.raises(BadData):
        actions.join_room(alice, name)
    assert Conversation.objects.count() == 0


def test_a_late_comer_has_read_everything(alice: Actor, bob: Actor, carol: Actor, group: wire.Conversation) -> None:
    """CHT-5: what was said before is history, not news."""
    for text in "abc":
        actions.send_message(alice, group.topic, text)
    actions.add_participants(bob, group.id, ["carol"])
    seen = queries.conversation(carol, group.id)
    assert (seen.unread, seen.top_number, seen.read_number) == (0, 3, 3)
    actions.send_message(alice, group.topic, "d")
    assert queries.conversation(carol, group.id).unread == 1
    assert queries.conversation(bob, group.id).unread == 4


def test_who_takes_part(alice: Actor, bob: Actor, carol: Actor, group: wire.Conversation) -> None:
    """Anybody in a group adds; only who made it removes; everybody may go."""
    assert names(actions.add_participants(bob, group.id, ["carol", "alice"]).conversation) == ["alice", "bob", "carol"]
    refused: list[tuple[type[HubbubError], Callable[[], object]]] = [
        (Forbidden, lambda: actions.remove_participants(bob, group.id, ["carol"])),
        (Forbidden, lambda: actions.remove_participants(alice, group.id, ["alice"])),
        (Absent, lambda: actions.remove_participants(alice, group.id, ["nobody"])),
        (BadData, lambda: actions.add_participants(alice, group.id, ["nobody"])),
        (NotAuthenticated, lambda: actions.leave(guest("1"), group.id)),
        (Absent, lambda: actions.leave(carol, 10**9)),
    ]
    for error, act in refused:
        with pytest.raises(error):
            act()
    actions.remove_participants(alice, group.id, ["carol"])
    actions.leave(bob, group.id)
    assert names(queries.conversation(alice, group.id)) == ["alice"]
    with pytest.raises(Absent):
        actions.leave(bob, group.id)


def test_all_are_removed_or_none(alice: Actor, bob: Actor, carol: Actor, group: wire.Conversation) -> None:
    """EVT-3: also one who is not active any more can be removed."""
    actions.add_participants(alice, group.id, ["carol"])
    User.objects.filter(username="carol").update(is_active=False)
    before = Event.objects.count()
    with pytest.raises(Absent):
        actions.remove_participants(alice, group.id, ["bob", "nobody"])
    assert names(queries.conversation(alice, group.id)) == ["alice", "bob", "carol"]
    assert Event.objects.count() == before
    actions.remove_participants(alice, group.id, ["bob", "carol", "bob"])
    assert names(queries.conversation(alice, group.id)) == ["alice"]


def test_a_direct_conversation_stays_as_it_is(alice: Actor, carol: Actor, direct: wire.Conversation) -> None:
    for act in (
        lambda: actions.leave(alice, direct.id),
        lambda: actions.add_participants(alice, direct.id, ["carol"]),
        lambda: actions.remove_participants(alice, direct.id, ["bob"]),
    ):
        with pytest.raises(Forbidden):
            act()
    assert names(queries.conversation(alice, direct.id)) == ["alice", "bob"]


def test_staff_may_remove(person: Callable[..., Actor], alice: Actor, group: wire.Conversation) -> None:
    """Where they take part themselves."""
    boss = person("boss", is_staff=True)
    with pytest.raises(Absent):
        actions.remove_participants(boss, group.id, ["bob"])
    actions.add_participants(alice, group.id, ["boss"])
    actions.remove_participants(boss, group.id, ["bob"])
    assert names(queries.conversation(alice, group.id)) == ["alice", "boss"]
