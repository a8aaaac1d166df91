"""A session: the server's state for one authenticated connection."""

import asyncio
import logging
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hubbub.engine import tracing
from hubbub.engine.actor import Actor
from hubbub.engine.batch import Batch
from hubbub.engine.counters import CLIENT, counters
from hubbub.engine.following import All, follow_from_now
from hubbub.engine.lanes import Lanes
from hubbub.engine.limits import Bucket
from hubbub.engine.logs import about
from hubbub.engine.outbox import Outbox
from hubbub.engine.parted import Admitted
from hubbub.engine.ports import Sink
from hubbub.engine.subscription import Authorize, Subscription, subscribe, topic_kind_of
from hubbub.protocol.close import Close
from hubbub.protocol.dialect import Dialect, Subscribed
from hubbub.protocol.errors import Busy
from hubbub.protocol.frames import Position

if TYPE_CHECKING:
    from hubbub.engine.engine import Engine

logger = logging.getLogger("hubbub.session")

FINISH_SECONDS = 2.0
"""How long the commands of a session may still take before it is closed for a restart."""
FLUSH_SECONDS = 2.0
"""How long a closing session may still take to send what waits."""


class Session:
    """What a client follows, its commands in their lanes, and its outbox. ``incoming`` takes what it sends.

    Nothing here belongs to a transport: ``sink`` sends and closes.
    """

    __slots__ = (
        "actor", "began", "closing", "dialect", "engine", "follows_grants", "granted", "id", "kept", "lanes",
        "last_ping", "last_seen", "leaving", "listing", "outbox", "pace", "patience", "received", "sink",
        "subscriptions",
    )  # fmt: skip

    def __init__(self, engine: "Engine", sink: Sink, actor: Actor, dialect: Dialect, id: str = "") -> None:
        self.engine = engine
        self.sink = sink
        self.actor = actor
        self.dialect = dialect
        self.id = id or secrets.token_hex(16)
        self.closing: Close | None = None
        self.leaving = False
        """Whether no command is taken any more: the process is about to stop."""
        self.follows_grants: frozenset[str] = frozenset()
        """The kinds of topics that are subscribed to on the server, at once, when the user is granted one."""
        self.kept: frozenset[str] = frozenset()
        """Topics that stay followed whatever the client unsubscribes from, for its inbox."""
        self.granted: dict[str, Position] = {}
        """Topics that the user was granted and that are still to be followed, and from where on."""
        self.listing = False
        """Whether all topics of the user are just being looked up: what is granted meanwhile may be among them."""
        self.subscriptions: dict[str, Subscription] = {}
        self.outbox = Outbox(self)
        self.lanes = Lanes(self)
        at = engine.clock.monotonic()
        self.began = self.last_seen = self.last_ping = at
        self.received = 0
        """Frames of the client, whatever they are."""
        self.pace = Bucket(engine.settings.frame_rate, at)
        """How many frames it may still send at once."""
        self.patience: Bucket | None = None
        """How many more than that are still answered; None until one was."""

    # Opening and ending

    async def open(self, topics: list[str], authenticated_at: float, **options: Any) -> None:
        """``prepare`` and ``begin`` in one, for a client that is let in already."""
        self.begin(await self.prepare(topics, authenticated_at, **options))

    async def prepare(
        self,
        topics: list[str],
        authenticated_at: float,
        *,
        snapshot: bool = False,
        authorize: Authorize | None = None,
        all: All | None = None,
    ) -> "list[tuple[Subscription, Subscribed]]":
        """Follow the topics that the socket is bound to, before the client is let in and anything is said.

        ``authenticated_at``: the monotonic time at which the check of the credentials began.
        ``authorize``: who may follow the topics, in place of their own rule.
        ``all``: what is followed as well.
        Raises Forbidden if it may not follow one of the topics.
        """
        # First of all, so that no revocation falls between the checks below and this.
        self.engine.sessions.add(self, authenticated_at)
        followed = [
            await subscribe(self, topic, snapshot=snapshot, by_server=True, authorize=authorize) for topic in topics
        ]
        return followed + await follow_from_now(self, all.beside(topics)) if all else followed

    def begin(self, followed: "list[tuple[Subscription, Subscribed]]") -> None:
        """Say that the session is ready, and what ``prepare`` has found."""
        self.put(self.dialect.ready(self._info()))
        for subscription, outcome in followed:
            for frame in self.dialect.subscribed(None, subscription.topic, outcome):
                self.put(frame)
            self.go_live(subscription, outcome.position)
        self.engine.parts.began(self)

    def ended(self) -> None:
        """The connection is gone. Commands that have begun, or wait, are still carried out."""
        if self.closing is None:
            self.closing = Close.NORMAL
            counters.closes[CLIENT] += 1
        if tracing.tracer is not None:
            ago = self.engine.clock.monotonic() - self.began
            span = tracing.tracer.begin("session", ago=ago, session=self.id, frames_received=self.received)
            span.end(str(int(self.closing)))
        self.outbox.clear()
        for subscription in list(self.subscriptions.values()):
            self.unfollow(subscription, may_return=True)
        self.engine.parts.ended(self)
        self.engine.sessions.discard(self)

    def close(self, code: Close, reason: str = "") -> "asyncio.Task[None] | None":
        """Close the connection; what waits is sent first, unless the client may not have it any more.

        Returns the task that closes, or None where it is closing already.
        """
        if self.closing is not None:
            return None
        self.closing = code
        counters.closes[str(int(code))] += 1
        if code in (Close.NOT_AUTHENTICATED, Close.NOT_ALLOWED):
            logger.info(
                "Session %s of %r was closed %d: %s", self.id, self.actor.username, code, reason, extra=about(self)
            )
        if code in (Close.NOT_AUTHENTICATED, Close.NOT_ALLOWED, Close.TOO_SLOW):
            self.outbox.clear()
            self.lanes.clear()
        return self.engine.tasks.spawn(self._close(code, reason), "close")

    def leave(self) -> "asyncio.Task[None]":
        """Close 1012, once the commands that were taken are answered and what waits is sent; each within bounds.

        Returns the task that does it.
        """
        self.leaving = True
        return self.engine.tasks.spawn(self._leave(), "leave")

    async def _leave(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.lanes.finished(), FINISH_SECONDS)
        if closing := self.close(Close.RESTART, "restart"):
            await closing

    async def _close(self, code: Close, reason: str) -> None:
        try:
            await asyncio.wait_for(self.outbox.drained(), FLUSH_SECONDS)
        except TimeoutError:
            self.outbox.clear()
        except Exception:
            logger.debug("session %s could not be flushed", self.id, exc_info=True, extra=about(self))
        try:
            await self.sink.close(code, reason)
        except Exception:
            logger.debug("session %s was gone before it could be closed", self.id, exc_info=True, extra=about(self))

    def too_slow(self) -> None:
        """The outbox is full: the client resumes from the log (rule LIM-4)."""
        if self.close(Close.TOO_SLOW, "too slow") is not None:
            logger.info(
                "Session %s of %r was closed %d: more than HUBBUB['OUTBOX_BYTES'] waited for it to read.",
                self.id,
                self.actor.username,
                Close.TOO_SLOW,
                extra=about(self),
            )

    def _info(self) -> dict[str, Any]:
        actor, settings = self.actor, self.engine.settings
        user = None
        if actor.user_id is not None:
            user = {
                "id": actor.user_id,
                "username": actor.username,
                "first_name": actor.first_name,
                "last_name": actor.last_name,
            }
        return {
            "session": self.id,
            "user": user,
            "heartbeat": settings.heartbeat,
            "limits": {
                "frame_bytes": settings.max_frame_bytes,
                "subscriptions": settings.max_subscriptions,
            },
            "time": self.engine.clock.now(),
        }

    # Topics

    async def settled(self, topic: str) -> None:
        """Wait while the log is read for the topic: only one at a time says where the client stands in it."""
        while (there := self.subscriptions.get(topic)) is not None and there.buffer is not None:
            await there.settled()

    def follow(self, topic: str) -> Subscription:
        """Register with the hub, still buffering. A subscription that was there is replaced.

        Raises Busy where the session is closing: nothing would ever end the subscription.
        """
        if self.closing is not None:
            raise Busy("The connection is closing.")
        old = self.subscriptions.get(topic)
        subscription = Subscription(self, topic)
        if old is not None:
            subscription.replace(old)
        self.subscriptions[topic] = subscription
        self.engine.hub.add(topic, subscription)
        if old is not None:
            self.engine.hub.remove(topic, old)
        return subscription

    @property
    def own(self) -> int:
        """How many topics the client has subscribed to by itself."""
        return len(self.subscriptions.keys() - self.kept)

    def go_live(self, subscription: Subscription, position: Position) -> None:
        if self.subscriptions.get(subscription.topic) is not subscription:
            return  # Ended, or replaced, while it read the log.
        subscription.go_live(position)
        kind = topic_kind_of(subscription.topic)
        if kind.joined:
            try:
                kind.joined(self, subscription)
            except Exception:  # Of a feature: it follows all the same, and so do the topics after this one.
                logger.exception("session %s follows %s: a feature failed", self.id, kind.name, extra=about(self))

    def unfollow(self, subscription: Subscription, *, may_return: bool = False) -> None:
        """End a subscription; who ``may_return`` finds what was known."""
        topic, hub, actor = subscription.topic, self.engine.hub, self.actor
        hub.remove(topic, subscription, may_return=may_return)
        subscription.let_go()
        if self.subscriptions.get(topic) is not subscription:
            return
        del self.subscriptions[topic]
        if subscription.names:
            self.engine.groups.leave(topic, subscription.names)
        kind = topic_kind_of(topic)
        # A guest who comes back is another guest.
        if may_return and kind.revokes and subscription.admitted == hub.parted.age and not actor.is_guest:
            hub.parted.keep(actor.key, topic, Admitted(subscription.authorized))
        if kind.left:
            kind.left(self, subscription)

    def revoke(self, topic: str, reason: str) -> None:
        """The user may not follow the topic any more (rule SUB-4)."""
        self.granted.pop(topic, None)
        self.engine.hub.flush(topic)  # What was sent before is still the user's.
        if subscription := self.subscriptions.get(topic):
            subscription.admitted = 0  # A bound socket has it until it is closed.
        if self.dialect.bound == topic:
            self.close(Close.NOT_ALLOWED, reason)
        elif subscription:
            self.kept -= {topic}
            self.unfollow(subscription)
            self.put(self.dialect.unsubscribed(topic, reason))

    # Outgoing

    def put(self, frame: bytes | None) -> None:
        """Queue a frame; None is a dialect's way to say nothing."""
        if frame is not None and self.closing is None:
            self.outbox.put(frame)

    def reset(self, topic: str, position: Position, reason: str) -> None:
        """Say that what the client shows of a topic is of no use any more (rule SUB-3)."""
        frame = self.dialect.reset(topic, position, reason)
        if frame is None:
            # A format that cannot say so: its client comes back and reads afresh, rather than miss something.
            self.close(Close.RESTART, "reset")
        self.put(frame)

    def show(self, batch: Batch) -> None:
        """Queue events, encoded at most once for each dialect."""
        if self.closing is not None:
            return
        if batch.skips and not batch.skips.isdisjoint((self.id, self.actor.key)):
            batch = batch.without(0, self.id, self.actor.key)
        self.outbox.put_batch(batch, self.dialect)

    def ping(self) -> None:
        self.put(self.dialect.ping())

    def gone(self) -> None:
        """The client has gone away; the reader ends the session."""
        logger.debug("session %s is gone", self.id, exc_info=True, extra=about(self))
        if self.closing is None:
            self.closing = Close.NORMAL
            counters.closes[CLIENT] += 1
        self.outbox.clear()
