"""The WebSocket transport: a Channels consumer that hands everything to a session."""

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from channels.consumer import AsyncConsumer

from hubbub.engine import tracing
from hubbub.engine.actor import Actor, guest
from hubbub.engine.counters import counters
from hubbub.engine.engine import Engine
from hubbub.engine.incoming import receive
from hubbub.engine.logs import quiet_logger, session_id
from hubbub.engine.network import network_of
from hubbub.engine.session import Session
from hubbub.engine.sockets import SocketRoute, routes
from hubbub.engine.subscription import Subscription
from hubbub.protocol.close import Close
from hubbub.protocol.dialect import Subscribed
from hubbub.protocol.errors import Forbidden, HubbubError, NotAuthenticated

logger = logging.getLogger("hubbub.websocket")
suspicious = quiet_logger("hubbub.suspicious")

FRAMES = "hubbub.frames"
"""The extension by which a server offers a ``FrameWriter``."""
ROUTE = "hubbub.route"
"""The scope's key for what ``find_route`` found."""

Followed = list[tuple[Subscription, Subscribed]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class HubbubConsumer(AsyncConsumer):  # type: ignore[misc]
    """One WebSocket of the route that ``find_route`` has put into the scope.

    ``scope["actor"]`` is an Actor, None for a guest, or a HubbubError. It overrides ``__call__`` whole: the base
    class would make two tasks, a channel of its own, and a hop to a thread for each message.
    """

    def __init__(self, get_engine: Callable[[], Awaitable[Engine]]) -> None:
        self._get_engine = get_engine

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        route, params = scope[ROUTE]
        await _Connection(await self._get_engine(), scope, receive, send, route).run(params)


class _Connection:
    """One socket until its session begins; under a server without a frame writer, the session's sink from then on.

    It is accepted once its session follows the topics that it is bound to: whoever is connected misses nothing.
    """

    def __init__(self, engine: Engine, scope: dict[str, Any], receive: Receive, send: Send, route: SocketRoute) -> None:
        self._engine = engine
        self._route = route
        self._scope = scope
        self._receive = receive
        self._asgi_send = send
        client = scope.get("client")
        self._network = network_of(client[0]) if client else ""
        self._closed = False
        self._accepting = False
        self._accepted = asyncio.Event()

    async def accept(self) -> None:
        """Accept the handshake, once: whoever asks while that is under way waits for it."""
        if self._accepting:
            await self._accepted.wait()
            return
        self._accepting = True
        subprotocol = choose_subprotocol(self._scope.get("subprotocols", []), self._route.subprotocol)
        try:
            await self._asgi_send({"type": "websocket.accept", "subprotocol": subprotocol})
        finally:
            self._accepted.set()  # Where the client has gone, who waits hears of it by sending.

    async def send(self, frame: bytes) -> None:
        await self._accepted.wait()  # A topic that is granted meanwhile may have something to say.
        await self._asgi_send({"type": "websocket.send", "text": frame.decode()})

    async def close(self, code: int, reason: str) -> None:
        if not self._closed:
            self._closed = True
            # A browser sees only 1006 where the handshake is refused, never why (rule AUT-2).
            await self.accept()
            # A plain int: Daphne takes no other, and no enum for one.
            await self._asgi_send({"type": "websocket.close", "code": int(code), "reason": reason})

    async def run(self, params: dict[str, str]) -> None:
        """Returns when the connection has ended, or a listener has taken it over."""
        id = secrets.token_hex(16)
        session_id.set(id)  # Of the connection's own task: what is logged by it is about this session.
        actor = self._scope.get("actor")
        if isinstance(actor, HubbubError):
            await self._refuse(code_for(actor), actor)
            return
        actor = actor or guest(id, self._network)
        keys = connection_keys(self._engine, actor, self._network)
        if not self._engine.limiter.connect(keys):
            most = ", ".join(f"{key} ({most})" for key, most in keys.items())
            suspicious.warning(
                "A socket was closed %d, too many connections of %s. The limits are HUBBUB['SOCKETS_PER_USER'] and "
                "['SOCKETS_PER_ADDRESS'].",
                Close.TOO_MANY_CONNECTIONS,
                most,
            )
            counters.handshakes[str(int(Close.TOO_MANY_CONNECTIONS))] += 1
            await self.close(Close.TOO_MANY_CONNECTIONS, "too many connections")
            return
        session: Session | None = None
        listening = False
        try:
            if opened := await self._open(id, actor, params):
                session, followed = opened
                listening = await self._begin(session, followed)
        finally:
            if not listening:
                self._closed = True
                self._engine.limiter.disconnect(keys)
                if session is not None:
                    session.ended()

    async def _open(self, id: str, actor: Actor, params: dict[str, str]) -> tuple[Session, Followed] | None:
        """Bind the socket, and have a session follow its topics, or close it with the code that says why not."""
        session: Session | None = None
        error: Exception
        began = self._engine.clock.monotonic()
        span = tracing.tracer.begin("handshake", session=id) if tracing.tracer is not None else None
        code: Close | None = None
        try:
            binding = await self._route.bind(self._engine, actor, params)
            session = Session(self._engine, self, actor, binding.dialect, id)
            authenticated_at = self._scope.get("authenticated_at", self._engine.clock.monotonic())
            followed = await session.prepare(
                binding.topics,
                authenticated_at,
                snapshot=binding.snapshot,
                authorize=binding.authorize,
                all=binding.all,
            )
            counters.opening.observe(self._engine.clock.monotonic() - began)
            return session, followed
        except HubbubError as raised:
            code, error = (session and session.closing) or code_for(raised), raised
        except Exception as raised:
            logger.exception("a socket on %s could not be opened", self._scope.get("path"))
            code, error = Close.TRY_LATER, raised
        finally:
            if span is not None:
                span.end("accepted" if code is None else str(int(code)))
        assert code is not None
        if session is not None:
            session.closing = session.closing or code  # It never was a session to its client.
            session.ended()
        await self._refuse(code, error, actor)
        return None

    async def _begin(self, session: Session, followed: Followed) -> bool:
        """Let the client in. Returns whether a listener has the connection from then on; else it is over."""
        counters.handshakes["accepted"] += 1
        writer = self._scope.get("extensions", {}).get(FRAMES)
        if writer is None:
            await self.accept()
            session.begin(followed)
            await self._read(session)
            return False
        writer.hold()  # The first frames go out with the answer to the handshake.
        session.outbox.writer = writer
        session.begin(followed)
        await self.accept()
        session.sink = writer  # Only now: until then a close waits for the answer, and then follows it.
        # Nothing of the handshake is kept for an idle session: no task, no scope, no queue (decision 0015).
        writer.listen(partial(receive, session), partial(end, session, self._network))
        return True

    async def _refuse(self, code: Close, error: Exception, actor: Actor | None = None) -> None:
        """Close with a code, and say in the log what the client is not told."""
        counters.handshakes[str(int(code))] += 1
        whose = "" if actor is None else " of a guest" if actor.is_guest else f" of {actor.username!r}"
        why: object = error
        if isinstance(error, NotAuthenticated):
            why = error.why
        elif isinstance(error, Forbidden):
            why = "it does not exist, or this user may not enter"
        suspicious.warning("The socket %r%s was closed %d: %s", self._scope.get("path", "")[:200], whose, code, why)
        await self.close(code, "")

    async def _read(self, session: Session) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.receive":
                receive(session, message.get("text"))
            elif message["type"] == "websocket.disconnect":
                return


def connection_keys(engine: Engine, actor: Actor, network: str) -> dict[str, int]:
    """What a connection counts for, and how many of each there may be."""
    keys = {f"network {network}": engine.settings.sockets_per_address} if network else {}
    if not actor.is_guest:
        keys[f"user {actor.key}"] = engine.settings.sockets_per_user
    return keys


def end(session: Session, network: str) -> None:
    """The connection of a session, which was counted for ``network``, has ended."""
    session.engine.limiter.disconnect(connection_keys(session.engine, session.actor, network))
    session.ended()


def code_for(error: HubbubError) -> Close:
    """How a socket that could not be opened is closed."""
    if isinstance(error, NotAuthenticated):
        return Close.NOT_AUTHENTICATED
    return Close.NOT_ALLOWED if isinstance(error, Forbidden) else Close.TRY_LATER


def choose_subprotocol(offered: list[str], preferred: str) -> str | None:
    """The preferred one where offered, else the first offered: a browser needs an echo."""
    if preferred in offered:
        return preferred
    return offered[0] if offered else None


def find_route(path: str, prefix: str) -> tuple[SocketRoute, dict[str, str]] | None:
    """The route for a path below the application's root, and the path's named groups."""
    path = path.removeprefix("/")
    if not path.startswith(prefix):
        return None
    rest = path.removeprefix(prefix)
    for route in routes:
        if found := re.fullmatch(route.pattern, rest):
            return route, {key: value for key, value in found.groupdict().items() if value is not None}
    return None
