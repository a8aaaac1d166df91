"""A database as it is after years: enough rows that a plan which reads too much of them can be seen."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection

from hubbub.django.models import ListenerPlace
from hubbub.django.places import log_of


@dataclass(frozen=True)
class Size:
    users: int
    conversations: int
    messages: int
    """In each conversation; as many events in its stream."""
    people: int
    """In each conversation."""
    receipts: int
    mine: int
    """Conversations of user 1, who has hidden as many messages."""
    notifications: int
    """Of all users; and as many of user 1 alone, of which the last 100 are unread."""

    @property
    def streams(self) -> int:
        return self.conversations + self.users + 1

    @property
    def topics(self) -> list[str]:
        return [f"chat.{n}" for n in range(1, self.mine + 1)]


MUCH = Size(
    users=50_000, conversations=2000, messages=250, people=10, receipts=200_000, mine=100, notifications=100_000
)
LITTLE = Size(users=50, conversations=40, messages=20, people=3, receipts=200, mine=10, notifications=200)


def fill(size: Size) -> None:
    """Every fifth conversation is a room. Ids are from 1; conversation and stream of ``chat.N`` have the id N."""
    conversations, messages, people, users = size.conversations, size.messages, size.people, size.users
    add(
        "auth_user",
        "id, username, password, first_name, last_name, email, is_superuser, is_staff, is_active, date_joined",
        "n + 1, 'user' || n, '', '', '', '', FALSE, FALSE, TRUE, CURRENT_TIMESTAMP",
        users,
    )
    add(
        "hubbub_chat_conversation",
        "id, kind, title, room_name, top_number, created_at, active_at",
        f"n + 1, CASE n % 5 WHEN 0 THEN 'room' ELSE 'group' END, 'Plans', CASE n % 5 WHEN 0 THEN 'room' || n END, "
        f"{messages}, CURRENT_TIMESTAMP, {ago('n % 1000')}",
        conversations,
    )
    # User 1 is in the first ones; the others are spread evenly.
    add(
        "hubbub_chat_participant",
        "conversation_id, user_id, read_number, joined_at",
        f"n / {people} + 1, CASE WHEN n % {people} = 0 AND n / {people} < {size.mine} THEN 1 "
        f"ELSE (n * 7) % ({users} - 1) + 2 END, n % {messages}, CURRENT_TIMESTAMP",
        conversations * people,
    )
    place = f"n + 1, n % {conversations} + 1, n / {conversations} + 1"
    add(
        "hubbub_chat_message",
        "id, conversation_id, number, sender_id, sender_name, content, created_at, deleted",
        f"{place}, (n * 11) % {users} + 1, 'somebody', 'what one says, more or less, ' || n, "
        f"{ago('1000 - n % 1000')}, FALSE",
        conversations * messages,
    )
    add("hubbub_chat_hiddenmessage", "message_id, user_id", "n * 7 + 1, 1", size.mine)
    run("UPDATE hubbub_stream SET id = 1000000 WHERE topic = ''")
    add(
        "hubbub_stream",
        "id, topic, epoch, first, top",
        f"n + 1, 'chat.' || (n + 1), 'e', 1, {messages}",
        conversations,
    )
    add(
        "hubbub_stream",
        "id, topic, epoch, first, top",
        f"{conversations} + n + 1, 'user.' || (n + 1), 'e', 1, 0",
        users,
    )
    add(
        "hubbub_event",
        'id, stream_id, "offset", type, data, author, created_at',
        f"{place}, 'chat.conversation_renamed', '{{\"title\":\"Plans, as they were\"}}', 'user.1', {ago('400')}",
        conversations * messages,
    )
    add(
        "hubbub_receipt",
        "author, client_id, action, reply, expires_at",
        f"'user.' || (n % {users} + 1), 'c' || n, 'send_message', '{{}}', {ago('n % 1000 - 998')}",
        size.receipts,
    )
    add(
        "hubbub_notifications_box",
        "user_id, top, read_number, shown_number, unread, timezone",
        f"n + 1, {2 * size.notifications}, CASE n WHEN 0 THEN {2 * size.notifications - 100} ELSE 0 END, 0, 100, 'UTC'",
        users,
    )
    for user, number in ((f"n % {users} + 1", "n + 1"), ("1", f"{size.notifications} + n + 1")):
        add(
            "hubbub_notifications_notification",
            'user_id, number, kind, level, title, body, link, target_id, "group", count, data, created_at, expires_at',
            f"{user}, {number}, 'general', 'info', 'Assigned to you', '', '', '', 'task.' || n % 1000, 1, '{{}}', "
            f"{ago('100 - n % 80')}, CASE n % 50 WHEN 0 THEN {ago('n % 80 - 60')} END",
            size.notifications,
        )
    # Listeners have heard it all: else pruning would wait for them.
    ListenerPlace.objects.update(**log_of(connection.alias).end()._asdict())
    models = [model for config in apps.get_app_configs() for model in config.get_models()]
    for statement in connection.ops.sequence_reset_sql(no_style(), models):
        run(statement)


def add(table: str, columns: str, values: str, count: int) -> None:
    """Rows made of ``n``, which counts from 0."""
    run(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {numbers(count)}")


def numbers(count: int) -> str:
    """Rows ``n`` from 0."""
    if connection.vendor == "postgresql":
        return f"generate_series(0, {count - 1}) AS numbers (n)"
    rows = f"WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < {count - 1}) SELECT n FROM c"
    return f"({rows}) AS numbers"


def ago(days: str) -> str:
    if connection.vendor == "postgresql":
        return f"CURRENT_TIMESTAMP - ({days}) * INTERVAL '1 day'"
    return f"datetime('now', (0 - ({days})) || ' days')"


def run(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
