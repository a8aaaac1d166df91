"""What a client sends: measured, read, and handed to its lane or carried out at once (rules ENV-1 and LIM-2)."""

from typing import TYPE_CHECKING

from hubbub.engine.counters import counters
from hubbub.engine.dispatch import answer_failure, run_at_once
from hubbub.engine.limits import Bucket, Rate
from hubbub.engine.logs import about, quiet_logger
from hubbub.protocol.close import Close
from hubbub.protocol.errors import BadFrame, BadJson, HubbubError, RateLimited
from hubbub.protocol.frames import Inbound
from hubbub.protocol.registry import registry
from hubbub.protocol.topics import check_topic

if TYPE_CHECKING:
    from hubbub.engine.session import Session

suspicious = quiet_logger("hubbub.suspicious")

PATIENCE = Rate(200, 60)
"""How many frames over the rate are answered; past that the session is closed 4008."""


def receive(session: "Session", frame: str | bytes | None) -> None:
    """Take a client's text frame, or None for a binary one. Never waits, never raises."""
    if session.closing is not None:
        return
    at = session.last_seen = session.engine.clock.monotonic()
    session.received += 1
    counters.received += 1
    inbound: Inbound | None = None
    try:
        wait = session.pace.take(at)
        if wait and _floods(session, at):
            return
        if frame is None:
            raise BadJson
        if size_of(frame) > session.engine.settings.max_frame_bytes:
            session.close(Close.TOO_BIG, "frame too big")
            return
        inbound, session.dialect = session.dialect.read(frame)
        if wait:
            raise RateLimited(retry_after=wait)
        if inbound.type == "pong":
            session.outbox.answered()
            return
        if session.leaving:
            return  # It was not carried out: the client sends it again when it is back.
        if session.dialect.bound is not None:
            inbound.topic = session.dialect.bound
        elif inbound.topic is not None:
            check_topic(inbound.topic)
        # Before the lanes: who is too fast is told so, not that the server is busy.
        command = registry.commands.get(inbound.type)
        if command is not None and command.limit:
            session.engine.limiter.count(command.limit, session.actor)
        if command is None or command.waits or session.lanes.busy(inbound.topic):
            session.lanes.put(inbound, at)
        else:
            run_at_once(session, inbound)
    except BadFrame as error:
        counters.errors[error.code] += 1
        session.put(session.dialect.error(inbound or error.about, error))
    except HubbubError as error:
        counters.errors[error.code] += 1
        session.put(session.dialect.error(inbound, error))
    except Exception:
        answer_failure(session, inbound)


def _floods(session: "Session", at: float) -> bool:
    """Count a frame over the rate; a client that goes on all the same is closed (rule LIM-2)."""
    if session.patience is None:
        session.patience = Bucket(PATIENCE, at)
    if not session.patience.take(at):
        return False
    suspicious.warning(
        "Session %s of %r was closed %d: it went on sending over HUBBUB['FRAME_RATE'].",
        session.id,
        session.actor.username,
        Close.RATE_LIMIT,
        extra=about(session),
    )
    session.close(Close.RATE_LIMIT, "rate limit")
    return True


def size_of(frame: str | bytes) -> int:
    """Bytes of a text frame as UTF-8."""
    return len(frame) if isinstance(frame, bytes) or frame.isascii() else len(frame.encode("utf-8", "surrogatepass"))
