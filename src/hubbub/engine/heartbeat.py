"""Finds sessions whose client is gone or whose token has expired (rules HRT-1 and AUT-3)."""

from typing import TYPE_CHECKING

from hubbub.protocol.close import Close

if TYPE_CHECKING:
    from hubbub.engine.engine import Engine

SWEEP_SECONDS = 1.0
SILENT_INTERVALS = 2.5


def sweep(engine: "Engine") -> None:
    """Ping who is due, close who has been silent for too long or whose token has expired."""
    at = engine.clock.monotonic()
    now = engine.clock.now().timestamp()
    interval = engine.settings.heartbeat
    for session in engine.sessions.all():
        # Only the full protocol answers pings and refreshes tokens; elsewhere the server's own
        # WebSocket pings find the dead, and a session lasts as long as its login.
        if session.dialect.full:
            if session.actor.expires is not None and session.actor.expires <= now:
                session.close(Close.NOT_AUTHENTICATED, "token expired")
                continue
            if at - session.last_seen > SILENT_INTERVALS * interval:
                session.close(Close.GOING_AWAY, "no sign of life")
                continue
        if at - session.last_ping >= interval:
            session.last_ping = at
            session.ping()


async def heartbeat(engine: "Engine") -> None:
    """Sweep once a second, as long as the engine runs."""
    while True:
        await engine.clock.sleep(SWEEP_SECONDS)
        sweep(engine)
        engine.hub.expire()
        engine.parts.sweep()
