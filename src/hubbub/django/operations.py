"""Operations of migrations that leave a busy table usable."""

from typing import Any

from django.db import NotSupportedError
from django.db.migrations import AddIndex
from django.db.migrations.state import ProjectState

_INVALID = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"


class AddIndexConcurrently(AddIndex):
    """Add an index without keeping anybody from writing meanwhile (PostgreSQL); as usual on other databases.

    Django's own operation of this name knows PostgreSQL alone. Wants ``atomic = False`` in the migration. One that
    was broken off can be run again: the half of an index that it has left is dropped first.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Raises NotSupportedError inside a transaction of PostgreSQL."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if not _concurrently(schema_editor):
            schema_editor.add_index(model, self.index)
            return
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(_INVALID, [schema_editor.quote_name(self.index.name)])
            half = cursor.fetchone() is not None
        if half:
            schema_editor.remove_index(model, self.index, concurrently=True)
        schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Raises NotSupportedError inside a transaction of PostgreSQL."""
        model = from_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if _concurrently(schema_editor):
            schema_editor.remove_index(model, self.index, concurrently=True)
        else:
            schema_editor.remove_index(model, self.index)

    def describe(self) -> str:
        return f"Concurrently: {super().describe()}"


def _concurrently(schema_editor: Any) -> bool:
    if schema_editor.connection.vendor != "postgresql":
        return False
    if schema_editor.connection.in_atomic_block:
        raise NotSupportedError("An index is added beside writers outside of transactions only: set atomic = False.")
    return True
