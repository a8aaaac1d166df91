"""What stands between hubbub and PostgreSQL elsewhere: a pooler, and a network with its delays."""

import asyncio
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.services import HOST, free_port

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_NO_TLS = {80877103, 80877104}
_CANCEL = 80877102
LEAST_CONNECTIONS = 3


class Way:
    """A way to a PostgreSQL by TCP; ``url`` leads through it. Runs in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)

    @property
    def url(self) -> str:
        user = unquote(self._parts.username or "postgres")
        return f"postgres://{user}@{HOST}:{self.port}{self._parts.path}"

    async def _open(self) -> Streams:
        host = parse_qs(self._parts.query).get("host", [self._parts.hostname or HOST])[0]
        port = self._parts.port or 5432
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError, EOFError, asyncio.CancelledError):
            await self._serve(reader, writer)

    def start(self) -> None:
        self._thread.start()
        start = asyncio.start_server(self._accept, HOST, self.port)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(10)

    def stop(self) -> None:
        async def end() -> None:
            self._server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Slow(Way):
    """A network that takes ``delay`` seconds for each answer."""

    delay = 0.0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await self._open()
        with closing(server_writer):
            ways = [self._carry(reader, server_writer, slowly=False), self._carry(server_reader, writer, slowly=True)]
            _, left = await asyncio.wait([asyncio.ensure_future(way) for way in ways], return_when="FIRST_COMPLETED")
            for task in left:
                task.cancel()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, slowly: bool) -> None:
        while data := await source.read(65_536):
            if slowly and self.delay:
                await asyncio.sleep(self.delay)
            target.write(data)
            await target.drain()


class Bouncer(Way):
    """A pooler in transaction mode, at its worst: each transaction has another connection than the one before.

    For a server that asks for no password. ``statements`` are those that came, ``named`` the names of prepared ones.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.statements: list[str] = []
        self.named: set[str] = set()
        self.most = 0
        """Connections to the server, at most at one time."""
        self._idle: dict[bytes, deque[Streams]] = {}
        self._greetings: dict[bytes, bytes] = {}
        self._open_count = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            startup = await reader.readexactly(struct.unpack("!I", await reader.readexactly(4))[0] - 4)
            (code,) = struct.unpack("!I", startup[:4])
            if code == _CANCEL:
                return
            if code not in _NO_TLS:
                break
            writer.write(b"N")
        self._give(startup, await self._take(startup))
        # A process id of its own, as every pooler has: that of the server's would be of one transaction.
        writer.write(self._greetings[startup] + b"K" + struct.pack("!III", 12, 99_999_999, 1) + b"Z\0\0\0\5I")
        client = _Client(self, startup, writer)
        try:
            while (message := await _message(reader))[0] != b"X":
                await client.pass_on(*message)
        finally:
            client.end()

    async def _take(self, startup: bytes) -> Streams:
        """The connection that has been idle the longest; a new one while there are few."""
        idle = self._idle.setdefault(startup, deque())
        if idle and self._open_count >= LEAST_CONNECTIONS:
            return idle.popleft()
        reader, writer = await self._open()
        self._open_count += 1
        self.most = max(self.most, self._open_count)
        writer.write(struct.pack("!I", len(startup) + 4) + startup)
        greeting = b""
        while (message := await _message(reader))[0] != b"Z":
            if message[0] != b"K":
                greeting += b"".join(message)
        self._greetings[startup] = greeting
        return reader, writer

    def _give(self, startup: bytes, streams: Streams) -> None:
        self._idle[startup].append(streams)

    def _drop(self, streams: Streams) -> None:
        self._open_count -= 1
        streams[1].close()

    def note(self, kind: bytes, body: bytes) -> None:
        if kind == b"Q":
            self.statements.append(body.rstrip(b"\0").decode())
        elif kind == b"P":
            name, statement = body.split(b"\0")[:2]
            self.statements.append(statement.decode())
            if name:
                self.named.add(name.decode())


class _Client:
    """A client of the bouncer, and the connection that it has for the time of a transaction."""

    def __init__(self, bouncer: Bouncer, startup: bytes, writer: asyncio.StreamWriter) -> None:
        self._bouncer = bouncer
        self._startup = startup
        self._writer = writer
        self._held: Streams | None = None
        self._relay: asyncio.Task[None] | None = None
        self._expected = 0
        """How often the server has yet to say that it is ready."""
        self._unfinished = False
        """Whether more follows before it will say so."""

    async def pass_on(self, kind: bytes, length: bytes, body: bytes) -> None:
        if self._held is None:
            self._held = await self._bouncer._take(self._startup)
            self._relay = asyncio.ensure_future(self._answer(self._held))
        self._bouncer.note(kind, body)
        self._unfinished = kind not in b"QS"
        self._expected += not self._unfinished
        self._held[1].write(kind + length + body)
        await self._held[1].drain()

    async def _answer(self, streams: Streams) -> None:
        try:
            while True:
                kind, length, body = await _message(streams[0])
                if kind == b"Z":
                    self._expected -= 1
                    if body == b"I" and not self._expected and not self._unfinished:
                        # Before the client hears of it, and asks the next thing.
                        self._held = None
                        self._bouncer._give(self._startup, streams)
                        self._writer.write(kind + length + body)
                        return
                self._writer.write(kind + length + body)
        except (OSError, EOFError):
            self._bouncer._drop(streams)
            self._writer.close()

    def end(self) -> None:
        if self._held is not None:
            if self._relay is not None:
                self._relay.cancel()
            self._bouncer._drop(self._held)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes, bytes]:
    kind, length = await reader.readexactly(1), await reader.readexactly(4)
    return kind, length, await reader.readexactly(struct.unpack("!I", length)[0] - 4)


@contextmanager
def going(way: Any) -> Iterator[Any]:
    """Let clients go by it."""
    way.start()
    try:
        yield way
    finally:
        way.stop()
