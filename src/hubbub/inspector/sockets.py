"""Statistics for staff: ``/ws/stats/`` (section "Statistics" of docs/reference/formats.md)."""

from typing import Any

import msgspec

from hubbub.engine.actor import Actor
from hubbub.engine.census import present
from hubbub.engine.counters import counters
from hubbub.engine.engine import Engine
from hubbub.engine.session import Session
from hubbub.engine.sockets import Binding, socket
from hubbub.engine.subscription import Subscription
from hubbub.inspector.policy import require_staff
from hubbub.protocol.dialect import Dialect, Subscribed, decode_json, error_frame
from hubbub.protocol.errors import HubbubError, NotAuthenticated, UnknownCommand
from hubbub.protocol.frames import Event, Inbound, Position

STATS = "inspect.stats"
"""The topic that such a socket is bound to. Nothing happens on it."""
INTERVAL = 5.0
"""Seconds between two frames."""


def authorize(actor: Actor, topic: str) -> None:
    require_staff(actor)


@socket(r"stats/")
async def stats(engine: Engine, actor: Actor, params: dict[str, str]) -> Binding:
    """Staff only."""
    if actor.user_id is None:
        raise NotAuthenticated
    require_staff(actor)
    return Binding(STATS_DIALECT, [STATS], authorize=authorize)


def tell_stats(session: Session, subscription: Subscription) -> None:
    """At once, and every five seconds until the socket is closed."""
    session.put(frame_of(session.engine))
    session.engine.tasks.spawn(_go_on(session, subscription), "stats")


async def _go_on(session: Session, subscription: Subscription) -> None:
    while True:
        await session.engine.clock.sleep(INTERVAL)
        if session.subscriptions.get(STATS) is not subscription:
            return
        session.put(frame_of(session.engine))


def frame_of(engine: Engine) -> bytes:
    """The figures of this process."""
    there = present(engine)
    data = {
        "total_channels": there.sessions,
        "total_groups": there.topics,
        "messages_per_second": round(counters.pace, 2),
        "total_subscriptions": there.subscriptions,
        "waiting_bytes": there.waiting_bytes,
        "slow_channels": there.slow_sessions,
        "event_loop_lag": round(counters.worst_lag, 4),
    }
    return msgspec.json.encode({"type": "stats", "data": data})


class StatsDialect:
    """Says nothing but the statistics, and asks for nothing."""

    bound: str | None = STATS
    full = False

    def read(self, text: str | bytes) -> tuple[Inbound, Dialect]:
        decode_json(text)
        raise UnknownCommand

    def ready(self, info: dict[str, Any]) -> bytes | None:
        return None

    def reply(self, inbound: Inbound, ok: Any) -> bytes | None:
        return None

    def error(self, inbound: Inbound | None, error: HubbubError) -> bytes | None:
        return msgspec.json.encode(error_frame(error))

    def event(self, event: Event) -> bytes | None:
        return None

    def subscribed(self, inbound: Inbound | None, topic: str, outcome: Subscribed) -> list[bytes]:
        return []

    def reset(self, topic: str, position: Position, reason: str) -> bytes | None:
        return None

    def unsubscribed(self, topic: str, reason: str) -> bytes | None:
        return None

    def ping(self) -> bytes | None:
        return None


STATS_DIALECT = StatsDialect()
