"""Where in the log a listener stands, and what comes after that (rule LSN-2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from django.db import connections
from django.utils.timezone import make_aware

_READ = """
SELECT e.id, s.topic, e."offset", e.type, e.data, e.author, e.created_at
FROM hubbub_event e JOIN hubbub_stream s ON s.id = e.stream_id
WHERE e.type IN ({types}) AND {after} ORDER BY e.id{sorted} LIMIT %s
"""


class Row(NamedTuple):
    """An event, as it stands in the log."""

    id: int
    topic: str
    offset: int
    type: str
    data: str
    author: str
    created_at: datetime


class Place(NamedTuple):
    """Everything up to here was heard.

    On SQLite all ids up to ``event_id``. On PostgreSQL, where ids are not committed in their order, all that the
    snapshot ``seen`` sees, and of what ``upto`` sees beyond that, where there is one, the ids up to ``event_id``.
    """

    event_id: int
    seen: str = ""
    upto: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """The next events after a place, up to a number of them."""

    rows: list[Row]
    end: Place
    """Where one stands who has heard them all."""
    more: bool
    """Whether there may be events beyond that, which are committed already."""
    behind: int
    """About how many events, or transactions, lie between the place and the end."""
    _seen: str = ""
    _upto: str = ""

    def before(self, row: Row) -> Place:
        return Place(row.id - 1, self._seen, self._upto)

    def after(self, row: Row) -> Place:
        return Place(row.id, self._seen, self._upto)


class Log(Protocol):
    """The whole log, in the order in which listeners hear it. Wants to be looked at inside a transaction."""

    def end(self) -> Place:
        """Behind everything that is committed by now."""

    def look(self, place: Place, types: Sequence[str], limit: int) -> Look:
        """Events of these types after a place."""

    def settle(self, place: Place) -> None:
        """Before a look at a place that is locked: where it is of another server, a dump's, see ``take_over``."""


def log_of(alias: str) -> Log:
    """The log in this database. Inside somebody's own transaction, a test's, by ids: no snapshot sees what it adds."""
    connection = connections[alias]
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        return BySnapshots(alias)
    return ByIds(alias)


class ByIds:
    """On SQLite: ids are committed in order, since there is one writer at a time."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def end(self) -> Place:
        with connections[self._alias].cursor() as cursor:
            cursor.execute("SELECT COALESCE(MAX(id), 0) FROM hubbub_event")
            return Place(cursor.fetchone()[0])

    def look(self, place: Place, types: Sequence[str], limit: int) -> Look:
        query = _READ.format(types=_marks(types), after="e.id > %s", sorted="")
        zone = connections[self._alias].timezone  # SQLite keeps none.
        with connections[self._alias].cursor() as cursor:
            cursor.execute(query, [*types, place.event_id, limit])
            rows = [Row(*row) for row in cursor.fetchall()]
        rows = [
            row if row.created_at.tzinfo else row._replace(created_at=make_aware(row.created_at, zone)) for row in rows
        ]
        to = Place(rows[-1].id) if rows else Place(max(self.end().event_id, place.event_id))
        return Look(rows, to, len(rows) == limit, to.event_id - place.event_id)

    def settle(self, place: Place) -> None:
        """Ids are what they were."""


class BySnapshots:
    """On PostgreSQL: what one snapshot saw and the one before did not, page by page in the order of ids.

    A reader at ``id > last`` would skip a late commit, and one that waits for all older transactions would be held up
    by the slowest. Within a topic ids are in the order of offsets: they are taken under its lock.
    """

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def end(self) -> Place:
        with connections[self._alias].cursor() as cursor:
            snapshot = _snapshot(cursor)
            cursor.execute("SELECT COALESCE(MAX(id), 0) FROM hubbub_event")
            return Place(cursor.fetchone()[0], snapshot)

    def look(self, place: Place, types: Sequence[str], limit: int) -> Look:
        with connections[self._alias].cursor() as cursor:
            now = _snapshot(cursor)
            seen = place.seen if _unborn(place.seen) <= _unborn(now) else ""  # Else it is of another server: a dump's.
            upto = place.upto if seen and place.upto else now
            conditions: list[str] = ["pg_visible_in_snapshot(e.xid, %s::pg_snapshot)"]
            values: list[Any] = [upto]
            if seen:
                _, unborn, running = seen.split(":")
                conditions.append("(e.xid >= %s::xid8 OR e.xid = ANY (%s::xid8[]))")
                values += [unborn, f"{{{running}}}"]
            if place.upto or not seen:
                conditions.append("e.id + 0 > %s")
                values.append(place.event_id)
            # "+ 0": a planner that knows nothing of the table yet would look through all of it in the order of ids.
            query = _READ.format(types=_marks(types), after=" AND ".join(conditions), sorted=" + 0")
            cursor.execute(query, [*types, *values, limit])
            rows = [Row(*row) for row in cursor.fetchall()]
        full, last = len(rows) == limit, rows[-1].id if rows else place.event_id
        end = Place(last, seen, upto) if full else Place(last, upto)
        return Look(rows, end, full or upto != now, _unborn(upto) - _unborn(seen), seen, upto)

    def settle(self, place: Place) -> None:
        with connections[self._alias].cursor() as cursor:
            ahead = _unborn(place.seen) > _unborn(_snapshot(cursor))
        if ahead:
            take_over(self._alias)


def take_over(alias: str) -> None:
    """Let events that were restored from another PostgreSQL server's dump be old ones here; listeners go on by ids.

    Else they would pass for new ones, and be heard again, once this server's transactions have come to their numbers.
    """
    with connections[alias].cursor() as cursor:
        cursor.execute("UPDATE hubbub_event SET xid = '2'::xid8 WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())")
        if cursor.rowcount:
            cursor.execute("UPDATE hubbub_listenerplace SET seen = '', upto = ''")


def _marks(types: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(types))


def _snapshot(cursor: Any) -> str:
    """What is committed by now. One's own transaction is not, which PostgreSQL leaves out of those that run."""
    cursor.execute("SELECT pg_current_snapshot()::text, pg_current_xact_id_if_assigned()::text")
    snapshot, own = cursor.fetchone()
    first, unborn, running = snapshot.split(":")
    if own is None or int(own) >= int(unborn):
        return str(snapshot)
    known = {int(each) for each in running.split(",") if each} | {int(own)}
    return f"{min(int(first), int(own))}:{unborn}:{','.join(map(str, sorted(known)))}"


def _unborn(snapshot: str) -> int:
    """The first transaction that had not begun."""
    return int(snapshot.split(":")[1]) if snapshot else 0
