"""Statistics for staff: ``/ws/stats/`` (section "Statistics" of docs/reference/formats.md)."""

import logging
from collections.abc import Iterable

import msgspec

from hubbub.django.metrics import HUBBUB
from hubbub.django.tallies import Family, together
from hubbub.engine.actor import Actor
from hubbub.engine.engine import Engine
from hubbub.engine.session import Session
from hubbub.engine.sockets import Binding, socket
from hubbub.engine.subscription import Subscription
from hubbub.inspector.policy import require_staff
from hubbub.protocol.dialect import Quiet

logger = logging.getLogger("hubbub.inspector")

STATS = "inspect.stats"
"""The topic that such a socket is bound to. Nothing happens on it."""
INTERVAL = 5.0
"""Seconds between two frames."""


def authorize(actor: Actor, topic: str) -> None:
    require_staff(actor)


@socket(r"stats/")
async def stats(engine: Engine, actor: Actor, params: dict[str, str]) -> Binding:
    """Staff only."""
    actor.require_user()
    require_staff(actor)
    return Binding(STATS_DIALECT, [STATS], authorize=authorize)


def tell_stats(session: Session, subscription: Subscription) -> None:
    """At once, and every five seconds until the socket is closed."""
    session.engine.tasks.spawn(_tell(session, subscription), "stats")


async def _tell(session: Session, subscription: Subscription) -> None:
    while session.subscriptions.get(STATS) is subscription:
        try:
            session.put(frame_of(await together(HUBBUB)))
        except OSError:
            logger.warning("The supervisor does not answer: one word of statistics is left out.")
        await session.engine.clock.sleep(INTERVAL)


def frame_of(tally: Iterable[Family]) -> bytes:
    """The figures of all processes of this service."""
    now = {family.name: family.samples[0][2] for family in tally if family.kind == "gauge" and family.samples}
    data = {
        "total_channels": int(now["hubbub_sessions"]),
        "total_groups": int(now["hubbub_topics"]),
        "messages_per_second": round(now["hubbub_events_per_second"], 2),
        "total_subscriptions": int(now["hubbub_subscriptions"]),
        "waiting_bytes": int(now["hubbub_outbox_bytes"]),
        "slow_channels": int(now["hubbub_slow_sessions"]),
        "event_loop_lag": round(now["hubbub_event_loop_worst_lag_seconds"], 4),
    }
    return msgspec.json.encode({"type": "stats", "data": data})


class StatsDialect(Quiet):
    """Says nothing but the statistics, and asks for nothing."""

    bound: str | None = STATS


STATS_DIALECT = StatsDialect()
