"""Writing many rows by one statement that is run for each.

Django's bulk operations build an expression for each value, which costs more than the database does.
"""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

from hubbub.django.conf import database_alias


def add_each(rows: Collection[Model], *, unless_there: bool = False) -> None:
    """Insert new rows of one model. They don't get to know their primary keys; no signals.

    ``unless_there``: a row that would break a unique constraint is passed over.
    """
    if rows:
        model = type(next(iter(rows)))
        fields = _own_fields(model)
        places = ", ".join(["%s"] * len(fields))
        query = f"{_insert(model, fields)} VALUES ({places})"
        _run_each(f"{query} ON CONFLICT DO NOTHING" if unless_there else query, rows, fields)


def insert_all(rows: Sequence[Model]) -> None:
    """Insert new rows of one model by one statement; they get their primary keys. No signals.

    A thousand rows at most: databases bound the values of a statement.
    """
    if not rows:
        return
    model = type(rows[0])
    fields = _own_fields(model)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    connection = connections[database_alias()]
    with connection.cursor() as cursor:
        cursor.execute(
            f'{_insert(model, fields)} VALUES {places} RETURNING "{model._meta.pk.column}"',
            [value for row in rows for value in _prepared(row, fields, connection)],
        )
        # In the order of the rows, on which Django's bulk_create counts too.
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk


def _own_fields(model: type[Model]) -> list[Any]:
    """All but a primary key that the database gives."""
    return [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]


def _insert(model: type[Model], fields: Sequence[Any]) -> str:
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return f'INSERT INTO "{model._meta.db_table}" ({columns})'


def save_each(rows: Collection[Model], names: Sequence[str]) -> None:
    """Update these fields of rows of one model that are there. No signals."""
    if rows:
        meta = type(next(iter(rows)))._meta
        fields: list[Field[Any, Any]] = [meta.get_field(name) for name in names]  # type: ignore[misc]
        changes = ", ".join(f'"{field.column}" = %s' for field in fields)
        _run_each(f'UPDATE "{meta.db_table}" SET {changes} WHERE "{meta.pk.column}" = %s', rows, [*fields, meta.pk])


def _run_each(query: str, rows: Collection[Model], fields: Sequence[Any]) -> None:
    connection: BaseDatabaseWrapper = connections[database_alias()]
    with connection.cursor() as cursor:
        cursor.executemany(query, [_prepared(row, fields, connection) for row in rows])


def _prepared(row: Model, fields: Sequence[Any], connection: BaseDatabaseWrapper) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
