"""People and rooms for a load, and what the database holds after it."""

import json
import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.durability.checker import Seen, Stored
from tests.services import LiveServer

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.durability.settings"}

_MAKE = """
import json
from datetime import timedelta
from django.contrib.auth import get_user_model
from hubbub.accounts.actions import sign_in_with_access_token
from hubbub.chat.actions import create_conversation, join_room
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM

names = [f"{prefix}{{n:02}}" for n in range({people})]
users = [get_user_model().objects.create_user(name, password="x") for name in names]
tokens = [str(sign_in_with_access_token(SYSTEM, user, timedelta(days=1))) for user in users]
actors = [actor_of_user(user) for user in users]
topics = [
    [join_room(actor, f"{prefix}-room-{{n}}").conversation.topic for actor in actors][0]
    for n in range({rooms})
] + [
    create_conversation(actors[0], names[1:], f"{prefix} group {{n}}").conversation.topic
    for n in range({groups})
]
print("WORLD" + json.dumps({{"tokens": dict(zip(names, tokens)), "topics": topics}}))
"""


@dataclass
class World:
    """Tokens by name, and the topics that all of them may use."""

    tokens: dict[str, str]
    topics: list[str]


def make_world(server: LiveServer, people: int, rooms: int = 3, groups: int = 2, prefix: str = "user") -> World:
    code = _MAKE.format(people=people, rooms=rooms, groups=groups, prefix=prefix)
    printed = server.manage("shell", "--no-imports", "-c", code).stdout
    return World(**json.loads(printed.split("WORLD")[1]))


def read_stored(server: LiveServer, url: str = "", topics: Collection[str] | None = None) -> Stored:
    """Both tables, straight from the database: from the file of SQLite, or the server that ``url`` names.

    All of it, or what is of some ``topics``.
    """
    url = url or server.database_url
    opened: Any = psycopg.connect(url) if url else sqlite3.connect(server.data / "hubbub.sqlite3")
    with closing(opened) as database:
        if not url:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        events = database.execute(
            'SELECT s.topic, e."offset", e.type, e.data FROM hubbub_event e '
            'JOIN hubbub_stream s ON s.id = e.stream_id ORDER BY s.topic, e."offset"'
        ).fetchall()
        messages = database.execute(
            "SELECT conversation_id, number, id, content FROM hubbub_chat_message ORDER BY 1, 2"
        ).fetchall()
    stored = Stored(
        [
            Seen(topic, offset, json.loads(data)["message"]["content"] if type == "chat.message_sent" else "")
            for topic, offset, type, data in events
        ],
        [(f"chat.{conversation}", number, id, content) for conversation, number, id, content in messages],
    )
    return stored if topics is None else of_topics(stored, topics)


def of_topics(stored: Stored, topics: Collection[str]) -> Stored:
    """What is of these topics."""
    return Stored(
        [event for event in stored.events if event.topic in topics],
        [message for message in stored.messages if message[0] in topics],
    )
