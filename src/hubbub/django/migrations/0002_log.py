"""On PostgreSQL, the column by which the log is followed: row ids are not committed in order there."""

from typing import Any

from django.db import migrations


def add_transaction_ids(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE hubbub_event ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id()")
        schema_editor.execute("CREATE INDEX hubbub_event_xid ON hubbub_event (xid, id)")


def drop_transaction_ids(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE hubbub_event DROP COLUMN xid")


class Migration(migrations.Migration):
    dependencies = (("hubbub", "0001_initial"),)

    operations = (migrations.RunPython(add_transaction_ids, drop_transaction_ids),)
