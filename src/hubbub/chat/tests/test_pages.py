"""History and lists: by number or cursor, so that nothing is doubled or left out while messages arrive."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from hubbub.accounts.actions import sign_in_with_tokens
from hubbub.chat import actions, queries
from hubbub.chat import messages as wire
from hubbub.engine.actor import SYSTEM, Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def http(alice: Actor) -> Client:
    """Alice's."""
    token = sign_in_with_tokens(SYSTEM, User.objects.get(username=alice.username))
    return Client(headers={"Authorization": f"Bearer {token.access_token}"})


def say(who: Actor, where: wire.Conversation, count: int) -> list[wire.Message]:
    return [actions.send_message(who, where.topic, f"{n}").message for n in range(count)]


def get(http: Client, url: str) -> dict[str, Any]:
    answer = http.get(url)
    assert answer.status_code == 200, answer.content
    page: dict[str, Any] = answer.json()
    assert set(page) == {"results", "next", "previous"}
    return page


def local(link: str) -> str:
    """A link of a page, for the test client. It names the server, and is absolute."""
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc) == ("http", "testserver")
    return f"{parts.path}?{parts.query}"


def numbers(page: dict[str, Any]) -> list[int]:
    return [each["number"] for each in page["results"]]


def test_history(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """CHT-4"""
    sent = say(bob, direct, 7)
    assert queries.history(alice, direct.id, None, 3) == wire.HistoryPage(sent[4:], more=True)
    assert queries.history(alice, direct.id, 5, 3) == wire.HistoryPage(sent[1:4], more=True)
    assert queries.history(alice, direct.id, 2, 3) == wire.HistoryPage(sent[:1], more=False)
    assert queries.history(alice, direct.id, 4, 3) == wire.HistoryPage(sent[:3], more=False)
    assert queries.history(alice, direct.id, 1, 3) == wire.HistoryPage([], more=False)


def test_history_leaves_out_what_is_hidden(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """CHT-4 CHT-2: a page is full all the same."""
    sent = say(bob, direct, 6)
    for each in sent[3:5]:
        actions.hide_message(alice, direct.topic, each.id)
    assert queries.history(alice, direct.id, None, 3) == wire.HistoryPage([sent[1], sent[2], sent[5]], more=True)
    assert queries.history(alice, direct.id, 2, 3) == wire.HistoryPage([sent[0]], more=False)


def test_pages_of_messages(http: Client, alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """From newest to oldest, each oldest first; and back again."""
    say(bob, direct, 8)
    page = get(http, f"/api/conversations/{direct.id}/messages/?limit=3")
    assert (numbers(page), page["previous"]) == ([6, 7, 8], None)
    page = get(http, local(page["next"]))
    assert numbers(page) == [3, 4, 5]
    page = get(http, local(page["next"]))
    assert (numbers(page), page["next"]) == ([1, 2], None)
    page = get(http, local(page["previous"]))
    assert numbers(page) == [3, 4, 5]
    page = get(http, local(page["previous"]))
    assert (numbers(page), page["previous"]) == ([6, 7, 8], None)


def test_nothing_is_doubled_while_messages_arrive(
    http: Client, alice: Actor, bob: Actor, direct: wire.Conversation
) -> None:
    say(bob, direct, 10)
    url = f"/api/conversations/{direct.id}/messages/?limit=4"
    seen: list[int] = []
    while url:
        page = get(http, url)
        seen += numbers(page)
        url = local(page["next"]) if page["next"] else ""
        say(bob, direct, 3)
    assert sorted(seen) == list(range(1, 11))
    # Those that came meanwhile are found by going back.
    page = get(http, f"/api/conversations/{direct.id}/messages/?limit=200&after=10")
    assert (numbers(page), page["previous"]) == (list(range(11, 20)), None)


def test_sizes(http: Client, bob: Actor, direct: wire.Conversation) -> None:
    say(bob, direct, 201)
    url = f"/api/conversations/{direct.id}/messages/"
    lengths = {query: len(get(http, url + query)["results"]) for query in ("", "?limit=0", "?limit=1", "?limit=9999")}
    assert lengths == {"": 50, "?limit=0": 50, "?limit=1": 1, "?limit=9999": 200}


def test_an_empty_conversation(http: Client, direct: wire.Conversation) -> None:
    empty: dict[str, Any] = {"results": [], "next": None, "previous": None}
    assert get(http, f"/api/conversations/{direct.id}/messages/") == empty
    assert get(http, f"/api/conversations/{direct.id}/messages/?before=1")["results"] == []


def test_pages_of_conversations(http: Client, alice: Actor, bob: Actor) -> None:
    """The most recently active first; one that moves up meanwhile is not met twice, and hides no other."""
    made = [actions.create_conversation(alice, ["bob"], f"{n}").conversation for n in range(7)]
    url, seen = "/api/conversations/?limit=3", []
    while url:
        page = get(http, url)
        seen += [each["title"] for each in page["results"]]
        url = local(page["next"]) if page["next"] else ""
        # The last of this page and one of those that were seen before.
        last = next(each for each in made if each.title == seen[-1])
        for each in (last, made[6]):
            actions.send_message(bob, each.topic, "hi")
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    assert get(http, "/api/conversations/?limit=1")["results"][0]["title"] == "6"


def test_a_conversation_that_was_left_while_paging(http: Client, alice: Actor, bob: Actor) -> None:
    """The cursor is a place, not a conversation."""
    made = [actions.create_conversation(alice, ["bob"], f"{n}").conversation for n in range(4)]
    page = get(http, "/api/conversations/?limit=2")
    actions.leave(alice, made[2].id)
    assert [each["title"] for each in get(http, local(page["next"]))["results"]] == ["1", "0"]


def test_pages_of_rooms(http: Client, alice: Actor) -> None:
    for n in range(5):
        actions.join_room(alice, f"room-{n}")
    url, seen = "/api/rooms/?limit=2", []
    while url:
        page = get(http, url)
        seen += [each["name"] for each in page["results"]]
        url = local(page["next"]) if page["next"] else ""
    assert seen == [f"room-{n}" for n in range(5)]


def test_rest_and_socket_speak_alike(http: Client, alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """ERR-3: bodies are the wire types, errors the same codes."""
    sent = http.post(f"/api/conversations/{direct.id}/messages/", {"content": " hi "}, content_type="application/json")
    assert sent.status_code == 201
    assert get(http, f"/api/conversations/{direct.id}/messages/")["results"] == [sent.json()]
    assert http.get(f"/api/conversations/{direct.id}/").json()["last_message"] == sent.json()
    for content, status, code in (("", 400, "empty"), ("x" * 5001, 400, "too_long")):
        answer = http.post(
            f"/api/conversations/{direct.id}/messages/", {"content": content}, content_type="application/json"
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code)
