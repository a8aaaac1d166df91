"""Writing many rows by one statement that is run for each.

Django's bulk operations build an expression for each value, which costs more than the database does.
"""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

from hubbub.django.conf import database_alias


def add_each(rows: Collection[Model]) -> None:
    """Insert new rows of one model. They don't get to know their primary keys; no signals."""
    if rows:
        model = type(next(iter(rows)))
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        columns = ", ".join(f'"{field.column}"' for field in fields)
        places = ", ".join(["%s"] * len(fields))
        _run_each(f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({places})', rows, fields)


def save_each(rows: Collection[Model], names: Sequence[str]) -> None:
    """Update these fields of rows of one model that are there. No signals."""
    if rows:
        meta = type(next(iter(rows)))._meta
        fields: list[Field[Any, Any]] = [meta.get_field(name) for name in names]  # type: ignore[misc]
        changes = ", ".join(f'"{field.column}" = %s' for field in fields)
        _run_each(f'UPDATE "{meta.db_table}" SET {changes} WHERE "{meta.pk.column}" = %s', rows, [*fields, meta.pk])


def _run_each(query: str, rows: Collection[Model], fields: Sequence[Any]) -> None:
    connection: BaseDatabaseWrapper = connections[database_alias()]
    prepared = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(query, prepared)
