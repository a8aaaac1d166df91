"""What nobody writes by accident: it is refused as bad data, or passed on unharmed, and never an internal error."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from hubbub.accounts.actions import sign_in_with_tokens
from hubbub.chat import actions, queries
from hubbub.chat import messages as wire
from hubbub.engine.actor import SYSTEM, Actor
from hubbub.protocol.errors import BadData
from hubbub.testing import LiveEngine

HUGE = 10**30
TEXTS = [
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "\u202eevil\u202c",
    "a\u200bb\u200d\ufeffc",
    "Z̷͎̖a̸l̴g̵o̶",
    "👩‍👩‍👧‍👦 सुप्रभात ‫שלום‬",
    "line\r\nline\ttab\x1b[31mred",
    "{{ 7*7 }} ${7*7} %s %(x)s \\u0041",
]

COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("chat.hide", {"message_id": HUGE}),
    ("chat.hide", {"message_id": -HUGE}),
    ("chat.read", {"number": HUGE}),
    ("chat.read", {"number": -HUGE}),
    ("chat.history", {"before": HUGE}),
    ("chat.history", {"before": -HUGE}),
    ("chat.history", {"before": 0}),
    ("chat.send", {"content": "nul \x00"}),
    ("chat.send", {"content": "x", "client_id": "nul \x00"}),
    ("chat.create", {"participants": ["bob\x00"]}),
    ("chat.create", {"participants": ["bob"], "title": "nul \x00"}),
    ("chat.join_room", {"name": "nul\x00"}),
    ("chat.join_room", {"name": "../../etc"}),
]

BODIES: list[tuple[str, str, str]] = [
    ("POST", "messages/", '{"content": "\\ud800"}'),
    ("POST", "messages/", '{"content": "x", "client_id": "\\ud800"}'),
    ("POST", "messages/", '{"content": "\\u0000"}'),
    ("POST", "messages/", '{"content": "x", "client_id": "\\u0000"}'),
    ("POST", "messages/", '{"content": null}'),
    ("POST", "messages/", "[]"),
    ("POST", "messages/", "{"),
    ("POST", "messages/", "\xff"),
    ("POST", "read/", '{"number": 1e400}'),
    ("POST", "read/", '{"number": "one"}'),
    ("POST", "participants/", '{"participants": ["\\ud800"]}'),
    ("POST", "participants/", '{"participants": ["bob\\u0000"]}'),
    ("DELETE", "participants/", '{"participants": ["\\ud800"]}'),
    ("GET", "messages/?before=x", ""),
    ("GET", "messages/?limit=-1", ""),
    ("GET", "messages/?after=%00", ""),
    ("GET", "messages/?before=99999999999999999999999", ""),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("command", "data"), COMMANDS)
async def test_commands(
    live: LiveEngine, committed: wire.Conversation, alice: Actor, command: str, data: dict[str, Any]
) -> None:
    """ENV-2 ENV-7 ERR-2"""
    connection = await live.connect(alice)
    topic = None if command in ("chat.create", "chat.join_room") else committed.topic
    reply = await connection.command(command, topic, data=data)
    if "error" in reply:
        assert reply["error"]["code"] in ("bad_data", "forbidden"), reply


@pytest.fixture
def committed(transactional_db: None, group: wire.Conversation) -> wire.Conversation:
    return group


@pytest.fixture
def http(alice: Actor) -> Client:
    token = sign_in_with_tokens(SYSTEM, User.objects.get(username=alice.username))
    return Client(headers={"Authorization": f"Bearer {token.access_token}"})


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "body"), BODIES)
def test_rest(http: Client, group: wire.Conversation, method: str, path: str, body: str) -> None:
    """ERR-3"""
    where = f"/api/conversations/{group.id}/{path}"
    answer: Any = http.generic(method, where, body.encode("latin-1"), content_type="application/json")
    assert answer.status_code in (200, 400, 404), answer.content
    if answer.status_code != 200:
        assert {"code", "message", "temporary"} <= answer.json().keys()


@pytest.mark.django_db
@pytest.mark.parametrize("id", [0, 2**63 - 1, 2**63, 10**25])
def test_numbers_past_the_database(http: Client, id: int) -> None:
    """ACC-1"""
    for path in ("", "messages/", "messages/?before=1"):
        assert http.get(f"/api/conversations/{id}/{path}").status_code == 404
    answer: Any = http.post(f"/api/conversations/{id}/leave/")
    assert answer.status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("text", TEXTS)
def test_text_is_data(
    person: Callable[..., Actor], alice: Actor, bob: Actor, group: wire.Conversation, http: Client, text: str
) -> None:
    """CHT-1: names, titles and messages come out as they went in, over REST and the log alike."""
    mallory = person(f"m {text}", first_name=text, last_name=text)
    titled = actions.create_conversation(mallory, ["alice"], text).conversation
    assert titled.title == text
    sent = actions.send_message(mallory, titled.topic, text).message
    assert (sent.content, sent.sender.username, sent.sender.first_name) == (text, f"m {text}", text)
    listed: Any = http.get("/api/conversations/").json()["results"][0]
    assert (listed["title"], listed["last_message"]["content"]) == (text, text)
    page = http.get(f"/api/conversations/{titled.id}/messages/")
    assert page["Content-Type"] == "application/json"
    assert json.loads(page.content)["results"][0]["sender"]["last_name"] == text
    assert queries.history(alice, titled.id, None, 5).messages == [sent]


@pytest.mark.django_db
def test_a_name_that_takes_long_to_compose_is_not_composed(alice: Actor) -> None:
    """HOST-7: one frame of combining marks would hold up everybody for a second."""
    began = time.process_time()
    with pytest.raises(BadData):
        actions.join_room(alice, "a" + "\u0301" * 16_000 + "\u0316" * 16_000)
    assert time.process_time() - began < 0.1


@pytest.mark.django_db
def test_a_page_of_long_messages_is_short(alice: Actor, direct: wire.Conversation) -> None:
    """CHT-4: bounded in characters too, and complete page by page."""
    for n in range(60):
        actions.send_message(alice, direct.topic, f"{n:02}" + "x" * 4_998)
    seen: list[str] = []
    before = None
    while True:
        page = queries.history(alice, direct.id, before, 200)
        assert sum(len(each.content) for each in page.messages) <= 250_000
        seen = [each.content[:2] for each in page.messages] + seen
        if not page.more:
            break
        before = page.messages[0].number
    assert seen == [f"{n:02}" for n in range(60)]
