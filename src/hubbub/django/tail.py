"""Follows the whole log for what other processes commit, without Redis (rule EVT-4)."""

import logging
import threading
from typing import Any

from django.db import connections
from django.utils.timezone import make_aware

from hubbub.django.listeners import news
from hubbub.django.reader import read_transaction
from hubbub.django.wakeups import wakeups
from hubbub.engine.hub import Hub
from hubbub.engine.live import LiveTopic
from hubbub.protocol.frames import Event

logger = logging.getLogger("hubbub.tail")

BATCH = 1000
RETRY_SECONDS = 1.0
"""How long a database that is away is left alone."""

_READ = """
SELECT {cursor}, s.topic, s.epoch, e."offset", e.type, e.data, e.author, e.created_at
FROM hubbub_event e JOIN hubbub_stream s ON s.id = e.stream_id
WHERE {after}
ORDER BY {order} LIMIT %s
"""

Row = tuple[Any, ...]


class SqliteLog:
    """The log's end on SQLite: ids are committed in order, since there is one writer at a time."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._version: tuple[object, int] | None = None
        self._last = 0

    def begin(self) -> None:
        with connections[self._alias].cursor() as cursor:
            self._changed()
            cursor.execute("SELECT COALESCE(MAX(id), 0) FROM hubbub_event")
            self._last = cursor.fetchone()[0]

    def read(self) -> list[Row]:
        """The rows since the last call, up to BATCH; without a query where nothing was committed."""
        if not self._changed():
            return []
        with connections[self._alias].cursor() as cursor:
            cursor.execute(_READ.format(cursor="e.id", order="e.id", after="e.id > %s"), [self._last, BATCH])
            rows = cursor.fetchall()
        if rows:
            self._last = rows[-1][0]
        if len(rows) == BATCH:
            self._version = None  # There may be more.
        zone = connections[self._alias].timezone
        return [(*row[1:-1], make_aware(row[-1], zone)) for row in rows]  # SQLite keeps no zone.

    def _changed(self) -> bool:
        # Five microseconds: the number changes when another connection has committed. It is the connection's
        # own: that of a new one says nothing beside that of the one before.
        with connections[self._alias].cursor() as cursor:
            cursor.execute("PRAGMA data_version")
            version = (connections[self._alias].connection, int(cursor.fetchone()[0]))
        changed, self._version = version != self._version, version
        return changed


class PostgresLog:
    """The log's end on PostgreSQL: the rows that the snapshot of the last look could not see.

    Ids of rows are not committed in order there: a reader at ``id > last`` would skip a late commit. Nor does
    it wait until all older transactions have ended: one that runs for minutes would hold up everything.
    """

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._seen = "0:0:"
        """What this snapshot sees has been read."""
        self._page: str | None = None
        """The snapshot of the first page, while there may be more; it will be the next ``_seen``."""
        self._last = 0

    def begin(self) -> None:
        with connections[self._alias].cursor() as cursor:
            cursor.execute("SELECT pg_current_snapshot()::text")
            self._seen = cursor.fetchone()[0]

    def read(self) -> list[Row]:
        _, unborn, running = self._seen.split(":")
        with connections[self._alias].cursor() as cursor:
            # Row ids are in the order of offsets within a topic: they are taken under its lock. Rows of a
            # dump may carry numbers that the transactions of this server have yet to reach.
            after = (
                "(e.xid >= %s::xid8 OR e.xid = ANY (%s::xid8[])) "
                "AND e.xid < pg_snapshot_xmax(pg_current_snapshot()) AND e.id + 0 > %s"
            )
            # "+ 0": a planner that knows nothing of the table yet would look through all of it in the order of ids.
            query = _READ.format(cursor="pg_current_snapshot()::text, e.id", order="e.id + 0", after=after)
            cursor.execute(query, [unborn, f"{{{running}}}", self._last, BATCH])
            rows = cursor.fetchall()
        if rows:
            self._page, self._last = self._page or rows[0][0], rows[-1][1]
        if len(rows) < BATCH and self._page is not None:
            # Not the last page's snapshot: what was committed in between may stand on the pages before.
            self._seen, self._page, self._last = self._page, None, 0
        return [row[2:] for row in rows]


class Tail:
    """A thread that reads the log's new rows, once for all topics, and posts them to the hub.

    This process's own events come by here too; the hub knows them by their offset. ``seconds`` is how often it looks
    where nobody says that there is news; ``telling`` whether other processes are told of what this one commits. It
    wakes listeners too, which in a process without a hub is all it does.
    """

    def __init__(self, alias: str, hub: Hub | None, seconds: float, *, telling: bool = True) -> None:
        self._alias = alias
        self._hub = hub
        self._wakeups = wakeups(alias, seconds, telling)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hubbub-tail", daemon=True)
        self._began = threading.Event()

    def start(self) -> None:
        """Begin at the end of the log; returns once it is known."""
        self._thread.start()
        self._began.wait()

    def committed(self) -> None:
        """This process has added to the log. From any thread."""
        self._wakeups.committed()

    def stop(self) -> None:
        self._stopping.set()
        self._wakeups.stop()
        self._thread.join()

    def _run(self) -> None:
        log = self._begin()
        while log is not None and not self._stopping.is_set():
            try:
                while self._wakeups.wait():
                    self._post(log)
            except Exception as error:
                # The database is away: it is asked again, and the cursor stands where it was.
                logger.warning("the log could not be followed: %s", error)
                self._disconnect()
                self._stopping.wait(RETRY_SECONDS)
        self._disconnect()
        self._wakeups.close()

    def _post(self, log: "SqliteLog | PostgresLog") -> None:
        while rows := log.read():
            if self._hub is not None:
                self._hub.post(_events(rows, self._hub))
            news({str(type) for _, _, _, type, *_ in rows})
            if len(rows) < BATCH:
                break

    def _disconnect(self) -> None:
        self._wakeups.lost()
        wrapper: Any = connections[self._alias]
        try:
            # A pool would hand on a connection that listens.
            if wrapper.vendor == "postgresql" and wrapper.connection is not None:
                wrapper.connection.close()
            wrapper.close()
        except Exception as error:
            logger.info("the connection could not be closed: %s", error)

    def _begin(self) -> SqliteLog | PostgresLog | None:
        connection = connections[self._alias]
        log = PostgresLog(self._alias) if connection.vendor == "postgresql" else SqliteLog(self._alias)
        while not self._stopping.is_set():
            try:
                read_transaction(self._alias, log.begin)
                return log
            except Exception as error:
                logger.warning("the log could not be opened: %s", error)
                self._disconnect()
                self._stopping.wait(RETRY_SECONDS)
            finally:
                self._began.set()
        return None


def _events(rows: list[Row], hub: Hub) -> list[Event]:
    """The rows whose topic somebody here follows. Reading the hub's map from a thread is safe: a topic that
    is just being added is primed from the log after that."""
    return [
        Event(
            str(topic),
            str(type),
            str(data).encode(),
            created_at=at,
            epoch=str(epoch),
            offset=offset,
            author=str(author),
        )
        for topic, epoch, offset, type, data, author, at in rows
        if _may_be_news(hub.topics.get(topic), epoch, offset)
    ]


def _may_be_news(live: LiveTopic | None, epoch: str, offset: int) -> bool:
    return live is not None and (live.last is None or offset > live.last or epoch != live.epoch)
