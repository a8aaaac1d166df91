"""System checks of what stands between hubbub and its PostgreSQL: connections, pools and poolers."""

from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.transactions import pool_size

LEAST_POOL = 4
"""One connection follows the log, one writes, one reads, and one is left for a request."""

OWN = 7
"""What a process has beside its readers: two that write, one that follows the log, four that check credentials."""


@register("hubbub")
def check_tail(**kwargs: Any) -> list[CheckMessage]:
    try:
        direct = hubbub_settings().tail_database
    except Exception:
        return []  # hubbub.E001 says it.
    if direct and direct not in django_settings.DATABASES:
        return [
            Error(
                f"HUBBUB['TAIL_DATABASE'] is {direct!r}, and DATABASES has no database of that name.",
                hint="Name the alias of a direct connection to the database that hubbub is in, or leave the key out.",
                id="hubbub.E021",
            )
        ]
    if direct and connections[direct].vendor != connections[database_alias()].vendor:
        return [
            Error(
                f"HUBBUB['TAIL_DATABASE'] is {direct!r}, which is another kind of database than hubbub's own.",
                hint="It is to be the same database, by another way.",
                id="hubbub.E022",
            )
        ]
    return _check_pooler(direct) if direct else []


def _check_pooler(direct: str) -> list[CheckMessage]:
    """A second way to the database is there for a pooler's sake."""
    alias = database_alias()
    settings = connections[alias].settings_dict
    if alias == direct or settings["DISABLE_SERVER_SIDE_CURSORS"]:
        return []
    return [
        Warning(
            f"HUBBUB['TAIL_DATABASE'] says that {alias!r} goes through a pooler, and Django opens server-side cursors "
            "there.",
            hint=f"Set DISABLE_SERVER_SIDE_CURSORS = True in DATABASES[{alias!r}]: a cursor is gone where the next "
            "statement has another connection. Leave prepare_threshold out of its OPTIONS for the same reason.",
            id="hubbub.W021",
        )
    ]


@register("hubbub")
def check_pool(**kwargs: Any) -> list[CheckMessage]:
    alias = database_alias()
    size = pool_size(alias)
    if not size or size >= LEAST_POOL:
        return []
    return [
        Warning(
            f"The pool of the database {alias!r} has {size} connections at most.",
            hint=f"Set 'max_size' in its OPTIONS['pool'] to {LEAST_POOL} or more, better 20: one connection of each "
            "process follows the log for good, and writing, reading and requests take turns with the rest.",
            id="hubbub.W022",
        )
    ]


@register(Tags.security, deploy=True)
def check_connections(**kwargs: Any) -> list[CheckMessage]:
    alias = database_alias()
    try:
        ours = hubbub_settings()
    except Exception:
        return []  # hubbub.E001 says it.
    if connections[alias].vendor != "postgresql" or pool_size(alias) or ours.tail_database:
        return []
    return [
        Warning(
            f"The database {alias!r} has no pool: each request opens a connection of its own, beside the "
            f"{OWN + ours.reader_threads} of each process of hubbub. PostgreSQL takes 100 by default.",
            hint="Install psycopg[pool], set OPTIONS = {'pool': {'min_size': 1, 'max_size': 20}} and CONN_MAX_AGE = 0: "
            "then a process has 20 at most. Behind PgBouncer set HUBBUB['TAIL_DATABASE'] instead.",
            id="hubbub.W023",
        )
    ]
