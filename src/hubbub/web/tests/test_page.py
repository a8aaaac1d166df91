"""The page that the server sends: what stands in it, for whom, and what it costs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import clear_script_prefix, set_script_prefix

import hubbub
from hubbub.chat import actions as chat
from hubbub.chat.policy import topic_of
from hubbub.django.audiences import audiences_of
from hubbub.django.auth import actor_of_user
from hubbub.django.project_checks import check_interface
from hubbub.django.streams import position_of
from hubbub.web import start as starting

pytestmark = pytest.mark.django_db


def start_of(response: Any) -> dict[str, Any]:
    found = re.search(r'<script id="hubbub-start" type="application/json">(.*?)</script>', response.content.decode())
    assert found
    start: dict[str, Any] = json.loads(found[1])
    return start


class World:
    def __init__(self) -> None:
        self.users = [User.objects.create_user(name) for name in ("ann", "bob", "eve")]
        self.ann, self.bob, self.eve = map(actor_of_user, self.users)
        self.group = chat.create_conversation(self.ann, ["bob"], "Plans").conversation
        for text in ("one", "</script><b>two"):
            chat.send_message(self.ann, self.group.topic, text)
        chat.join_room(self.ann, "garden")

    def page(self, path: str, user: str | None = "ann") -> Any:
        client = Client()
        if user:
            client.force_login(User.objects.get(username=user))
        return client.get(path)


@pytest.fixture
def world() -> World:
    return World()


def test_the_list_is_in_the_page_as_text_and_as_state(world: World) -> None:
    response = world.page("/")
    start = start_of(response)
    assert start["account"]["username"] == "ann"
    assert [each["name"] or each["title"] for each in start["conversations"]] == ["garden", "Plans"]
    assert start["history"] is None
    assert "Plans" in response.content.decode().split("<script id=")[0]


def test_a_conversation_comes_with_its_messages_and_position(world: World) -> None:
    """SUB-1, CHT-10 for the page: the snapshot and where the stream stood are of one moment."""
    for path in (f"/c/{world.group.id}", f"/c/{world.group.id}/info"):
        history = start_of(world.page(path))["history"]
        assert history["topic"] == topic_of(world.group.id)
        assert [each["content"] for each in history["page"]["messages"]] == ["one", "</script><b>two"]
        position = position_of(world.group.topic)
        assert history["position"] == {"epoch": position.epoch, "offset": position.offset}


def test_what_people_wrote_is_text(world: World) -> None:
    html = world.page(f"/c/{world.group.id}").content.decode()
    assert "<b>two" not in html
    assert "&lt;b&gt;two" in html


def test_what_is_unread_comes_with_the_page(world: World) -> None:
    """NTF-1, ANN-1 for the page: the bell is right from the first moment."""
    assert start_of(world.page("/"))["unread"] == {"notifications": 0, "announcements": 0}
    hubbub.notify(world.users[0], "Assigned to you")
    hubbub.announce(hubbub.Audience.everyone(), "Closed on Friday")
    assert start_of(world.page("/"))["unread"] == {"notifications": 1, "announcements": 1}
    assert start_of(world.page("/", "bob"))["unread"] == {"notifications": 0, "announcements": 1}
    assert start_of(world.page("/", None))["unread"] is None


@pytest.mark.parametrize("user", ["eve", None])
def test_what_one_may_not_see_is_as_what_is_not_there(world: World, user: str | None) -> None:
    """ACC-1 for the page."""
    pages = [start_of(world.page(f"/c/{id}", user)) for id in (world.group.id, 99_999)]
    assert pages[0] == pages[1]
    assert pages[0]["history"] is None


def test_a_room_is_for_guests_where_they_are_let_in(world: World, settings: Any) -> None:
    """CHT-8 for the page; looking makes no room."""
    chat.send_message(world.ann, topic_of(chat.join_room(world.ann, "garden").conversation.id), "Hello")
    for guests, seen in ((True, ["Hello"]), (False, None)):
        settings.HUBBUB = {**settings.HUBBUB, "GUESTS": guests}
        start = start_of(world.page("/r/garden", None))
        found = start["history"] and [each["content"] for each in start["history"]["page"]["messages"]]
        assert found == seen
        assert start["account"] is start["conversations"] is None
    assert start_of(world.page("/r/nowhere"))["room"] is None
    assert start_of(world.page("/r/garden", "eve"))["room"]["name"] == "garden"


@pytest.mark.parametrize(
    ("path", "user", "queries"),
    [
        # The session and the user; conversations, people, last messages; what is unread beside them: notifications,
        # what is announced to the user's audiences; the streams' states.
        ("/", "ann", 8),
        ("/settings", "ann", 8),
        # And the latest messages.
        ("/c/{id}", "ann", 9),
        ("/r/garden", "ann", 9),
        # A room that isn't in the list: two for it, which shows nobody.
        ("/r/garden", "eve", 11),
        ("/c/{id}", "eve", 8),
        ("/", None, 0),
        ("/sign-in", None, 0),
        ("/c/{id}", None, 0),
        ("/r/garden", None, 4),
    ],
)
def test_what_a_page_costs(
    world: World, django_assert_num_queries: Any, settings: Any, path: str, user: str | None, queries: int
) -> None:
    """However many conversations, people and messages there are; beside what it takes to find a user's audiences."""
    settings.HUBBUB = {**settings.HUBBUB, "GUESTS": True}
    for number in range(3):
        more = chat.create_conversation(world.ann, ["bob", "eve"], f"More {number}").conversation
        chat.send_message(world.bob, more.topic, "and more")
    client = Client()
    if user:
        client.force_login(found := User.objects.get(username=user))
        with CaptureQueriesContext(connection) as finding:
            audiences_of(found.pk)
        queries += len(finding)
    with django_assert_num_queries(queries):
        client.get(path.format(id=world.group.id))


def test_a_conversation_beyond_the_list_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "MOST_CONVERSATIONS", 1)
    start = start_of(world.page(f"/c/{world.group.id}"))
    assert [each["name"] or each["title"] for each in start["conversations"]] == ["garden", "Plans"]
    assert start["history"]["topic"] == world.group.topic


def test_no_cache_keeps_somebodys_page(world: World) -> None:
    for user in ("ann", None):
        header = world.page("/", user)["Cache-Control"]
        assert "private" in header and "no-store" in header


def test_the_chosen_theme_is_there_before_any_script(world: World) -> None:
    client = Client()
    for cookie, expected in (
        ("dark", 'data-theme="dark"'),
        ("light", 'data-theme="light"'),
        ('"><b>', '<html lang="en">'),
    ):
        client.cookies["hubbub_theme"] = cookie
        assert expected in client.get("/").content.decode()
    assert "<b>" not in client.get("/").content.decode()


def test_the_page_knows_its_prefix(settings: Any) -> None:
    """Below any prefix that a project, or its server, puts the UI."""
    settings.ROOT_URLCONF = "hubbub.web.tests.below_a_prefix"
    set_script_prefix("/site/")
    try:
        html = Client().get("/talk/c/1").content.decode()
    finally:
        clear_script_prefix()
    found = re.search(r'<script id="hubbub-page" type="application/json">(.*?)</script>', html)
    assert found
    assert json.loads(found[1]) == {
        "root": "/site/talk/",
        "api": "/site/talk/api/",
        "socket": "/site/ws/",
        "email_required": False,
    }


def test_the_service_worker_stands_at_the_root() -> None:
    """PSH-5: from there it is for every page of the UI; its policy lets it load nothing from elsewhere."""
    response = Client().get("/push-worker.js")
    assert response.status_code == 200 and response["Content-Type"].startswith("text/javascript")
    assert response["X-Content-Type-Options"] == "nosniff" and "no-cache" in response["Cache-Control"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    script = response.content.decode()
    assert "showNotification" in script and "import" not in script


def test_an_install_without_the_scripts_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps.get_app_config("hubbub_web"), "path", str(tmp_path))
    (found,) = check_interface()
    assert found.id == "hubbub.W015" and "app.js" in found.msg and "make ui" in str(found.hint)
    built = tmp_path / "static" / "hubbub"
    built.mkdir(parents=True)
    for name in ("app.js", "app.css", "embed.js", "client.js", "inspector.js", "push-worker.js"):
        (built / name).touch()
    assert check_interface() == []
