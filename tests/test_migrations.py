"""Migrations are run beside a busy server, on tables with millions of rows: none may lock or rewrite one for long."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.functions import Now

from hubbub.django.operations import AddIndexConcurrently

FIRST_RELEASE = {
    "hubbub": "0003_moderation",
    "hubbub_accounts": "0002_expiry_and_addresses",
    "hubbub_chat": "0002_moderation",
}
"""The last migration of each app that nobody had data before. What comes after is looked at."""

REVIEWED: dict[tuple[str, str], str] = {}
"""Migrations that do what is refused below, and why that does no harm."""

HARMLESS = (
    migrations.CreateModel,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
    # Both wait for a moment in which nobody uses the table, and take that moment only.
    migrations.RemoveIndex,
    migrations.RemoveConstraint,
)
STILL_USED = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.DeleteModel,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def problems(migration: Any, before: ProjectState) -> Iterator[str]:
    """What a migration does that a busy server would feel."""
    made: set[str] = set()
    state = before.clone()
    for operation in migration.operations:
        if isinstance(operation, migrations.CreateModel):
            made.add(operation.name_lower)
        after = state.clone()
        operation.state_forwards(migration.app_label, after)
        if getattr(operation, "model_name_lower", None) not in made:
            problem = problem_of(operation, migration, state, after)
            if problem:
                yield f"{operation.describe()}: {problem}"
        state = after


def problem_of(operation: Operation, migration: Any, before: ProjectState, after: ProjectState) -> str:
    if isinstance(operation, HARMLESS):
        return ""
    if isinstance(operation, AddIndexConcurrently):
        return "set atomic = False in the migration" if migration.atomic else ""
    if isinstance(operation, migrations.AddIndex):
        return "nobody can write while the index is built; use hubbub.django.operations.AddIndexConcurrently"
    if isinstance(operation, migrations.AddField):
        return problem_of_new(operation.field)
    if isinstance(operation, migrations.AlterField):
        return problem_of_change(operation, migration.app_label, before, after)
    if isinstance(operation, STILL_USED):
        return "processes of the version before still use it; leave it in this release"
    return "it may lock or rewrite the table, or take long; say in REVIEWED why it does not"


def problem_of_new(field: Any) -> str:
    if field.many_to_many:
        return ""
    if field.unique or field.db_index or field.remote_field:
        return (
            "an index is built, or a reference is checked, with the table locked; add the index concurrently after it"
        )
    if field.has_db_default() and not isinstance(field.db_default, models.Value | str | int | float | bool | None):
        return "a default that differs from row to row rewrites the table"
    if isinstance(field, models.GeneratedField):
        return "it rewrites the table"
    return ""


def problem_of_change(operation: Any, app: str, before: ProjectState, after: ProjectState) -> str:
    fields = [
        each.apps.get_model(app, operation.model_name)._meta.get_field(operation.name) for each in (before, after)
    ]
    editor: Any = connection.SchemaEditorClass(connection)
    if editor._field_should_be_altered(*fields):
        return "changing a column may rewrite the table; add another one, and say in REVIEWED if it need not"
    return ""


LOADER = MigrationLoader(None)
OURS = sorted(key for key in LOADER.graph.nodes if key[0] in FIRST_RELEASE)


def after_first_release(key: tuple[str, str]) -> bool:
    first = LOADER.graph.node_map[(key[0], FIRST_RELEASE[key[0]])]
    return key not in {first.key, *(each for each in LOADER.graph.forwards_plan(first.key))}


@pytest.mark.parametrize("key", OURS, ids=".".join)
def test_no_migration_locks_a_busy_table(key: tuple[str, str]) -> None:
    if not after_first_release(key) or key in REVIEWED:
        return
    migration = LOADER.graph.nodes[key]
    before = LOADER.project_state(list(migration.dependencies))
    assert not list(problems(migration, before)), "docs/decisions/0023-postgresql.md says why"


def test_what_is_looked_at() -> None:
    looked_at = [key for key in OURS if after_first_release(key)]
    assert ("hubbub_chat", "0003_rooms") in looked_at
    assert ("hubbub", "0001_initial") not in looked_at
    assert not set(REVIEWED) - set(OURS)


TEXT = models.CharField(max_length=10, default="")
BAD: list[Operation] = [
    migrations.AddIndex("message", models.Index(fields=["created_at"], name="x")),
    migrations.AddConstraint("message", models.UniqueConstraint(fields=["created_at"], name="x")),
    migrations.AddField("message", "x", models.DateTimeField(db_default=Now())),
    migrations.AddField("message", "x", models.IntegerField(null=True, db_index=True)),
    migrations.AddField("message", "x", models.ForeignKey("hubbub_chat.conversation", models.CASCADE, null=True)),
    migrations.AlterField("message", "number", models.PositiveIntegerField()),
    migrations.AlterField("conversation", "room_name", models.CharField(max_length=100, default="", unique=True)),
    migrations.RemoveField("message", "sender_name"),
    migrations.RenameField("message", "content", "text"),
    migrations.DeleteModel("hiddenmessage"),
    migrations.RunSQL("UPDATE hubbub_chat_message SET deleted = FALSE"),
    migrations.RunPython(migrations.RunPython.noop),
    AddIndexConcurrently("message", models.Index(fields=["created_at"], name="x")),
]
GOOD: list[Operation] = [
    migrations.AddField("message", "x", TEXT),
    migrations.AddField("message", "x", models.IntegerField(null=True)),
    migrations.AddField("message", "x", models.IntegerField(db_default=0)),
    migrations.AlterField("message", "sender_name", models.CharField("who", max_length=150)),
    migrations.AlterModelOptions("message", {"ordering": ["number"]}),
    migrations.RemoveConstraint("message", "hubbub_chat_message_number"),
]


def made_of(*operations: Operation, atomic: bool = True) -> Any:
    made: Any = migrations.Migration("0099_test", "hubbub_chat")
    made.operations, made.atomic = list(operations), atomic
    return made


def now() -> ProjectState:
    return LOADER.project_state(LOADER.graph.leaf_nodes())


@pytest.mark.parametrize("operation", BAD, ids=lambda each: each.describe())
def test_what_would_lock_is_refused(operation: Operation) -> None:
    assert list(problems(made_of(operation), now()))


@pytest.mark.parametrize("operation", GOOD, ids=lambda each: each.describe())
def test_what_takes_a_moment_is_not(operation: Operation) -> None:
    assert not list(problems(made_of(operation), now()))


def test_an_index_beside_writers_wants_no_transaction() -> None:
    operation = AddIndexConcurrently("message", models.Index(fields=["created_at"], name="x"))
    assert not list(problems(made_of(operation, atomic=False), now()))


def test_a_table_of_the_same_migration_is_empty() -> None:
    fields: list[tuple[str, Any]] = [("id", models.BigAutoField(primary_key=True)), ("at", models.DateTimeField())]
    index = models.Index(fields=["at"], name="x")
    assert not list(problems(made_of(migrations.CreateModel("Pin", fields), migrations.AddIndex("pin", index)), now()))
