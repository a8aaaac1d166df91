"""What people are notified of in conversations (rule LSN-6)."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hubbub.chat import actions as chat
from hubbub.django.auth import actor_of_user
from hubbub.django.circles import people_of
from hubbub.django.models import Event
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.actor import Actor, guest
from hubbub.notifications import listeners, queries
from hubbub.notifications.actions import boxes
from hubbub.notifications.mentions import mentioned, names_in
from hubbub.notifications.models import Notification
from hubbub.testing import hear_events

pytestmark = pytest.mark.django_db

STAFF = Actor("u.0", 0, "root", is_staff=True)


@pytest.fixture
def person() -> Callable[[str], Actor]:
    return lambda name: actor_of_user(User.objects.create_user(name, first_name=name.title()))


@pytest.fixture
def ada(person: Callable[[str], Actor]) -> Actor:
    return person("ada")


@pytest.fixture
def bob(person: Callable[[str], Actor]) -> Actor:
    return person("bob")


@pytest.fixture
def carol(person: Callable[[str], Actor]) -> Actor:
    return person("carol")


def told(actor: Actor) -> list[tuple[str, int, bool]]:
    """What somebody sees: titles, how many each stands for, whether it is read."""
    hear_events()
    return [(each.title, each.count, each.read) for each in queries.latest(actor.user_id).notifications]


def unread(actor: Actor) -> int:
    return queries.latest(actor.user_id).unread


def test_direct_messages_are_one_notification(ada: Actor, bob: Actor) -> None:
    """LSN-6: counted up while it is unread, with the last one's text; none of one's own; read with the rest."""
    topic = chat.create_conversation(ada, ["bob"]).conversation.topic
    chat.send_message(ada, topic, "one")
    assert told(bob) == [("Message from Ada", 1, False)]
    chat.send_message(ada, topic, "two")
    chat.send_message(ada, topic, "three")
    assert told(bob) == [("3 messages from Ada", 3, False)]
    [shown] = queries.latest(bob.user_id).notifications
    assert (shown.body, shown.actor and shown.actor.username, shown.kind) == ("three", "ada", "chat.message")
    assert shown.link == f"/c/{topic.partition('.')[2]}"
    assert told(ada) == []
    chat.mark_read(bob, topic, 2)
    assert told(bob) == [("3 messages from Ada", 3, False)]
    chat.mark_read(bob, topic)
    assert told(bob) == [("3 messages from Ada", 3, True)]
    chat.send_message(ada, topic, "four")
    assert told(bob)[0] == ("Message from Ada", 1, False)


def test_who_answers_has_read(ada: Actor, bob: Actor) -> None:
    """LSN-6: in one turn of the listener or in two."""
    topic = chat.create_conversation(ada, ["bob"]).conversation.topic
    chat.send_message(ada, topic, "one")
    assert told(bob) == [("Message from Ada", 1, False)]
    chat.send_message(bob, topic, "I see")
    assert told(bob) == [("Message from Ada", 1, True)]
    chat.send_message(ada, topic, "two")
    chat.send_message(bob, topic, "I see")
    assert [read for _, _, read in told(bob)] == [True, True]
    assert unread(bob) == 0


def test_mentions(ada: Actor, bob: Actor, carol: Actor, person: Callable[[str], Actor]) -> None:
    """LSN-6: of participants only; in a group nothing else is told."""
    person("dave")
    topic = chat.create_conversation(ada, ["bob", "carol"], "Plans").conversation.topic
    hear_events()
    for actor in (bob, carol):
        chat.mark_read(actor, topic)
    for text in ("hello all", "@ada me", "@dave who is elsewhere", "`@bob`", "mail bob@example.org"):
        chat.send_message(ada, topic, text)
    assert [each for each in told(bob) if "mention" in each[0]] == []
    chat.send_message(ada, topic, "@bob, and @Carol.")
    chat.send_message(bob, topic, "@carol!")
    assert told(bob)[0] == ("Ada mentioned you in Plans", 1, True)
    assert told(carol)[0] == ("2 mentions in Plans", 2, False)


def test_rooms(ada: Actor, bob: Actor) -> None:
    """LSN-6: a guest may mention who has the room in the list."""
    topic = chat.join_room(ada, "lobby").conversation.topic
    chat.send_message(guest("1"), topic, "@ada @bob")
    assert told(ada) == [("Anonymous mentioned you in lobby", 1, False)]
    assert told(bob) == []
    [shown] = queries.latest(ada.user_id).notifications
    assert shown.actor is None and shown.link == "/r/lobby"


def test_being_added(ada: Actor, bob: Actor, carol: Actor) -> None:
    """LSN-6: not by oneself, and not to a direct conversation; looking there for the first time reads it."""
    group = chat.create_conversation(ada, ["bob"], "Plans").conversation
    chat.send_message(ada, group.topic, "hello")
    chat.add_participants(bob, group.id, ["carol"])
    assert told(carol) == [("Bob added you to Plans", 1, False)]
    assert told(bob) == [("Ada added you to Plans", 1, False)]
    assert told(ada) == []
    chat.mark_read(carol, group.topic)
    chat.mark_read(bob, group.topic)
    assert told(carol) == [("Bob added you to Plans", 1, True)]
    assert told(bob) == [("Ada added you to Plans", 1, True)]
    chat.create_conversation(carol, ["ada"])
    chat.join_room(ada, "lobby")
    assert told(ada) == []


def test_who_goes_is_told_no_more(ada: Actor, bob: Actor) -> None:
    """LSN-6"""
    group = chat.create_conversation(ada, ["bob"], "Plans").conversation
    chat.send_message(ada, group.topic, "@bob")
    assert len(told(bob)) == 2
    chat.leave(bob, group.id)
    chat.send_message(ada, group.topic, "@bob")
    assert told(bob) == []
    assert unread(bob) == 0


def test_what_is_deleted_for_everybody(ada: Actor, bob: Actor) -> None:
    """LSN-6: a notification shows it no more, and the log doesn't either."""
    topic = chat.create_conversation(ada, ["bob"]).conversation.topic
    chat.send_message(ada, topic, "kept words")
    hear_events()
    sent = chat.send_message(ada, topic, "secret words").message
    assert told(bob) == [("2 messages from Ada", 2, False)]
    chat.delete_message(STAFF, sent.id)
    # The first one is unread still.
    assert told(bob) == [("1 message from Ada", 1, False)]
    assert unread(bob) == 1
    [shown] = queries.latest(bob.user_id).notifications
    assert shown.body == "" and shown.number == 2
    log = "".join(Event.objects.values_list("data", flat=True))
    assert "secret words" not in log and "kept words" in log
    last = chat.send_message(ada, topic, "third").message
    assert told(bob) == [("2 messages from Ada", 2, False)]
    chat.mark_read(bob, topic)
    chat.delete_message(STAFF, last.id)
    assert told(bob) == [] and unread(bob) == 0


def test_what_is_deleted_of_what_nobody_was_told(ada: Actor, bob: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """LSN-6: nobody's log is looked through."""
    topic = chat.create_conversation(ada, ["bob"]).conversation.topic
    sent = chat.send_message(bob, topic, "hello").message
    group = chat.create_conversation(bob, ["ada"], "Plans").conversation.topic
    mention = chat.send_message(bob, group, "@ada").message
    hear_events()
    Notification.objects.filter(group=topic).delete()
    chat.delete_message(STAFF, sent.id)
    chat.delete_message(STAFF, mention.id)
    looked: list[Any] = []
    monkeypatch.setattr(DjangoStreamStore, "rewrite", lambda store, topics, *_, after: looked.append((topics, after)))
    hear_events()
    [(topics, after)] = looked
    assert topics == [f"notifications.{ada.user_id}"]
    assert Event.objects.get(pk=after).type == "chat.message_sent"


@pytest.mark.parametrize(
    ("title", "count", "fewer"),
    [("3 messages from Ada", 2, "2 messages from Ada"), ("2 mentions in A b", 1, "1 mention in A b"),
     ("2 mentions", 1, "1 mention")],
)  # fmt: skip
def test_titles_of_less(title: str, count: int, fewer: str) -> None:
    assert listeners._fewer(title, count) == fewer


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@ada", [1]),
        ("(@ada)", [1]),
        ("@ADA @Ada", [1]),
        ("@ada.b. @ada.", [2, 1]),
        ("x@ada", []),
        ("@@ada", []),
        ("@adam", []),
        ("`@ada` @bob", [3]),
        ("```\n@ada\n``` @bob", [3]),
        ("```\n@ada @bob", []),
        ("``@ada ` @ada`` @bob", [3]),
        ("` @ada", [1]),
        ("@édith", [4]),
        ("@x+y@z", [5]),
    ],
)
def test_who_is_mentioned(text: str, found: list[int]) -> None:
    """LSN-6: by the names as they are, not in code."""
    assert mentioned(text, {"ada": 1, "ada.b": 2, "bob": 3, "Édith": 4, "x+y@z": 5}) == found


def test_names_that_differ_in_case_alone() -> None:
    """LSN-6"""
    assert mentioned("@Ada @ada", {"Ada": 1, "ada": 2}) == [1, 2]


def test_a_group_without_a_name(ada: Actor, bob: Actor, carol: Actor) -> None:
    """LSN-6"""
    topic = chat.create_conversation(ada, ["bob", "carol"]).conversation.topic
    chat.send_message(ada, topic, "@bob")
    assert [title for title, _, _ in told(bob)] == ["Ada mentioned you", "Ada added you to a conversation"]


def test_by_one_turn_for_all(ada: Actor, bob: Actor) -> None:
    """LSN-6: fifty messages cost as many queries as two."""
    topic = chat.create_conversation(ada, ["bob"]).conversation.topic
    chat.send_message(ada, topic, "the first one makes what is made once")
    hear_events()
    counts = []
    for many in (2, 50):
        for number in range(many):
            chat.send_message(ada, topic, f"m{number}")
        with CaptureQueriesContext(connection) as queries:
            hear_events()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert told(bob) == [("53 messages from Ada", 53, False)]


def test_boxes_are_locked_at_once(ada: Actor, bob: Actor, carol: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """NTF-2: in one turn nobody's box is locked after another's; nobody's who has nothing to do with it."""
    group = chat.create_conversation(ada, ["bob", "carol"], "Plans").conversation.topic
    direct = chat.create_conversation(carol, ["ada"]).conversation.topic
    hear_events()
    first = chat.send_message(carol, direct, "one").message
    hear_events()
    locked: list[set[Any]] = []
    lock, own = boxes.lock, boxes.own

    def note(ids: Iterable[Any], real: Callable[[Any], Any], asked: Any) -> Any:
        locked.append(set(ids))
        return real(asked)

    monkeypatch.setattr(boxes, "lock", lambda ids: note(ids, lock, ids))
    monkeypatch.setattr(boxes, "own", lambda id: note([id], own, id))
    chat.send_message(carol, direct, "two")
    chat.send_message(ada, group, "hello all")
    chat.mark_read(ada, direct)
    chat.delete_message(STAFF, first.id)
    chat.send_message(ada, direct, "I see")
    hear_events()
    assert locked[0] == {ada.user_id, carol.user_id}
    assert len(locked) > 2 and all(each <= locked[0] for each in locked)
    assert told(carol)[0] == ("Message from Ada", 1, False)


def test_asks_for_those_alone_who_are_named(ada: Actor, person: Callable[[str], Actor]) -> None:
    """LSN-6: of a room's many people none but they are loaded, in whichever case their names are written."""
    people = [person(name) for name in ("Édith", "bob.b", "MacAdam", "carol")]
    topic = chat.create_conversation(ada, [each.username for each in people], "Plans").conversation.topic
    names = [name for each in names_in("@édith @BOB.B. @macadam `@carol`") for name in each]
    assert set(people_of([topic], names)[topic]) == {"Édith", "bob.b", "MacAdam"}
    hear_events()
    chat.send_message(ada, topic, "@édith, @ADA")
    assert told(people[0])[0] == ("Ada mentioned you in Plans", 1, False)
    assert len(told(people[3])) == 1 and told(ada) == []
