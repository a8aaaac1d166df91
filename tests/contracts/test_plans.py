"""How the databases find what is asked for: by an index, and no more of it than is wanted."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings

from hubbub.chat import policy, queries
from hubbub.chat.actions import send_message
from hubbub.chat.actions.sending import Sending, send_together
from hubbub.django import receipts, retention
from hubbub.django.auth import actor_of_user
from hubbub.django.notifying import make_notice
from hubbub.django.streams import DjangoStreamStore
from hubbub.django.tail import PostgresLog
from hubbub.engine.actor import SYSTEM, Actor
from hubbub.notifications import actions as notifications
from hubbub.notifications import queries as notification_queries
from hubbub.notifications.actions.talk import who_was_told
from tests.contracts import databases
from tests.contracts.databases import ALIAS
from tests.contracts.filled import LITTLE, MUCH, Size, fill

BIG = {
    "hubbub_event", "hubbub_chat_message", "hubbub_receipt", "hubbub_chat_participant", "hubbub_chat_hiddenmessage",
    "hubbub_stream", "auth_user", "hubbub_notifications_notification", "hubbub_notifications_box",
}  # fmt: skip
"""Those with tens of thousands of rows. Of 2,000 conversations all may be read where many are wanted."""


@dataclass
class World:
    size: Size
    me: Actor
    crowd: list[Actor]
    """One each of the first conversations."""


@dataclass
class Case:
    name: str
    ask: Callable[[World], object]
    most: Callable[[Size], int]
    """Rows that may be read of all tables together."""
    scans: set[str] = field(default_factory=set)
    """Tables that it may read as a whole."""
    in_order: set[str] = field(default_factory=set)
    """Tables that it reads by id as far as it wants, which SQLite calls a scan."""


def calls(world: World) -> list[Any]:
    return [send_message.bind(each, "chat.1", "hi", client_id=f"new{n}") for n, each in enumerate(world.crowd)]


def send(world: World) -> object:
    places = [(each, f"chat.{n + 1}") for n, each in enumerate(world.crowd)]
    return send_together([Sending(each, topic, "hi", None) for each, topic in places])


def notify(world: World) -> object:
    notice = make_notice("Hi", group="task.7", actor=world.me)
    return notifications.send(SYSTEM, [each.user_id for each in world.crowd], notice)


def page_of_list(size: Size) -> int:
    """The latest 51 of the user among all; of those the people with their names, and a last message."""
    return size.conversations + 2 * size.mine + 51 * (2 * size.people + 6)


def whole_list(size: Size) -> int:
    return size.mine * (2 * size.people + 8) + size.conversations


store = DjangoStreamStore
CASES = [
    Case("history, the newest page", lambda w: queries.history(w.me, 7, None, 50), lambda s: 200),
    Case("history, a page in the middle", lambda w: queries.history(w.me, 7, s_middle(w), 50), lambda s: 200),
    Case("history, what came after", lambda w: queries.history_after(w.me, 7, s_middle(w), 50), lambda s: 200),
    Case("list with unread counts, a page", lambda w: queries.conversation_list(w.me, limit=51), page_of_list),
    Case("list with unread counts, all", lambda w: queries.conversation_list(w.me), whole_list),
    Case("one conversation", lambda w: queries.conversation(w.me, 7), lambda s: 60),
    Case("topics of the inbox", lambda w: queries.topics_of(w.me), lambda s: 2 * s.mine + s.conversations),
    Case("positions of the inbox", lambda w: store(ALIAS).states(w.size.topics), lambda s: 2 * s.mine),
    Case("resume of a topic", lambda w: store(ALIAS).read("chat.7", w.size.messages - 10, 500), lambda s: 30),
    Case(
        "resume of the inbox",
        lambda w: store(ALIAS).read_ranges(dict.fromkeys(w.size.topics, (w.size.messages - 3, w.size.messages))),
        lambda s: 6 * s.mine,
    ),
    Case("whether one may", lambda w: policy.access(w.me, 7), lambda s: 5),
    Case("200 receipts that are not there", lambda w: receipts.find(calls(w)), lambda s: 300),
    Case("200 messages at once", send, lambda s: 3000),
    Case("the list of rooms", lambda w: list(queries.rooms().order_by("pk").filter(pk__gt=10)[:51]), lambda s: 60),
    Case("users by name", lambda w: queries.users_by_name(["user3", "user4"]), lambda s: 5),
    Case("expired receipts", lambda w: receipts.drop_expired_receipts(100), lambda s: 1000),
    Case("old events", lambda w: retention.prune_old_events(100), lambda s: 2500, in_order={"hubbub_event"}),
    Case("latest notifications", lambda w: notification_queries.latest(w.me.user_id), lambda s: 100),
    Case(
        "unread notifications before a number",
        lambda w: notification_queries.history(w.me.user_id, 2 * w.size.notifications - 20, 50, only_unread=True),
        lambda s: 200,
    ),
    Case("200 notified, some counted up", notify, lambda s: 3000),
    Case("all marked as read", lambda w: notifications.mark_all(w.me), lambda s: 10),
    Case("withdrawn by target", lambda w: notifications.withdraw(SYSTEM, target=User(pk=7)), lambda s: 60),
    Case("withdrawn by group", lambda w: notifications.withdraw(SYSTEM, group="task.7", user_ids=[1]), lambda s: 600),
    Case("who was told of a conversation", lambda w: who_was_told(["task.7", "task.8"], 1), lambda s: 1500),
    Case("expired notifications", lambda w: notifications.withdraw_expired(SYSTEM, 100), lambda s: 1500),
    Case("old notifications", lambda w: notifications.withdraw_old(SYSTEM, 100), lambda s: 1500),
    Case("what is scheduled", lambda w: notifications.send_due(), lambda s: 10),
    # Nothing else changes as often as a stream's top: an index that has it would cost every message more than this
    # costs once a day. The streams are few beside their events.
    Case("long streams", lambda w: retention.prune_long_streams(100), lambda s: 20_000, {"hubbub_stream"}),
]


def s_middle(world: World) -> int:
    return world.size.messages // 2


SETTINGS = {"EVENTS_PER_TOPIC": 100}


def world_of(size: Size) -> World:
    people = User.objects.in_bulk(range(1, 201))
    return World(size, actor_of_user(people[1]), [actor_of_user(each) for each in people.values()])


Statement = tuple[str, Any]


@contextmanager
def noting() -> Iterator[list[Statement]]:
    """The statements that are executed; of those that are executed for many rows, one."""
    noted: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            noted.append((sql, params[0] if many else params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield noted


def statements(case: Case, world: World) -> list[Statement]:
    """What a case asks the database; all of it is undone."""
    with noting() as noted, transaction.atomic(), override_settings(HUBBUB=SETTINGS):
        case.ask(world)
        transaction.set_rollback(True)
    return noted


# PostgreSQL


@pytest.fixture(scope="module")
def filled_postgres(postgres_url: str, postgres_template: str, django_db_blocker) -> Iterator[World]:
    with django_db_blocker.unblock(), databases.postgres_copy(postgres_url, postgres_template):
        fill(MUCH)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
            # As on a disk that reads anywhere as fast; see docs/how-to/postgresql.md.
            cursor.execute("SET random_page_cost = 1.1")
        yield world_of(MUCH)


def explain(sql: str, params: Any) -> tuple[dict[str, Any], float]:
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
        (found,) = cursor.fetchone()
        transaction.set_rollback(True)
    explained = json.loads(found) if isinstance(found, str) else found
    return explained[0]["Plan"], explained[0]["Execution Time"]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


def rows_read(plan: dict[str, Any]) -> int:
    """The rows that were looked at in tables, the ones that were thrown away included."""
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    tables = [node for node in nodes(plan) if "Relation Name" in node and node["Node Type"] != "ModifyTable"]
    return sum(round(sum(node.get(name, 0) for name in names) * node["Actual Loops"]) for node in tables)


def whole(plan: dict[str, Any]) -> set[str]:
    """The tables that are read from one end to the other."""
    read = [node for node in nodes(plan) if node["Node Type"] == "Seq Scan" and node["Actual Loops"]]
    return {node["Relation Name"] for node in read} & BIG


@dataclass
class Cost:
    rows: int = 0
    buffers: int = 0
    milliseconds: float = 0.0
    whole: set[str] = field(default_factory=set)

    def add(self, sql: str, params: Any) -> None:
        plan, took = explain(sql, params)
        self.rows += rows_read(plan)
        self.buffers += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        self.milliseconds += took
        self.whole |= whole(plan)

    def __str__(self) -> str:
        return f"{self.rows} rows, {self.buffers} pages, {self.milliseconds:.1f} ms"


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_on_postgresql(filled_postgres: World, case: Case) -> None:
    """Half a million messages and as many events: no big table is read as a whole, nor more than the page wants."""
    cost = Cost()
    asked = statements(case, filled_postgres)
    for sql, params in asked:
        cost.add(sql, params)
    print(f"\n{case.name}: {len(asked)} statements, {cost}")
    assert asked
    assert cost.whole <= case.scans, asked
    assert cost.rows <= case.most(filled_postgres.size), asked


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize("analyzed", [True, False], ids=["analyzed", "not-analyzed"])
def test_following_the_log_reads_what_is_new(filled_postgres: World, analyzed: bool) -> None:
    """EVT-4: every process asks this all the time; also where nobody has told the planner what is in the table."""
    with connection.cursor() as cursor:
        if not analyzed:
            cursor.execute("DELETE FROM pg_statistic WHERE starelid IN ('hubbub_event'::regclass)")
        log = PostgresLog(ALIAS)
        log.begin()
        for new in (0, 3):
            with noting() as noted:
                for n in range(new):
                    at = datetime.now(UTC)
                    with transaction.atomic():
                        DjangoStreamStore(ALIAS).append(f"chat.{n + 1}", "t", b"{}", "", at)
                noted.clear()
                assert len(log.read()) == new
            cost = Cost()
            for sql, params in noted:
                cost.add(sql, params)
            print(f"\nlooking at the log for {new} new events: {cost}")
            assert "hubbub_event" not in cost.whole
            # Where nothing is known it may well go through the streams, which are few beside their events.
            assert cost.rows <= 4 * new + 5 + (0 if analyzed else filled_postgres.size.streams)
        cursor.execute("ANALYZE hubbub_event")


# SQLite

_SCAN = re.compile(r"^SCAN (\S+)(?!.* INDEX)")


@pytest.fixture(scope="module")
def filled_sqlite(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, django_db_blocker
) -> Iterator[World]:
    with django_db_blocker.unblock(), databases.sqlite_copy(sqlite_template, tmp_path_factory.mktemp("filled")):
        fill(LITTLE)
        yield world_of(LITTLE)


def aliases(sql: str, db: BaseDatabaseWrapper) -> dict[str, str]:
    """What the tables of a statement are called in it."""
    found = re.findall(r'(?:FROM|JOIN|UPDATE) "?(\w+)"?(?: (?:AS )?"?(\w+)"?)?', sql)
    return {name: name for name, _ in found} | {short: name for name, short in found if short}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_on_sqlite(filled_sqlite: World, case: Case) -> None:
    """The same: nothing goes through a big table row by row."""
    found = []
    for sql, params in statements(case, filled_sqlite):
        named = aliases(sql, connection)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            for *_, line in cursor.fetchall():
                match = _SCAN.match(line)
                if match and named.get(match[1], match[1]) in BIG - case.scans - case.in_order:
                    found.append((line, sql))
    assert not found
