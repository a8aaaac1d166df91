"""The control topic: what every process must act on, even with Redis away.

Its events are durable like any other, so a process that was stalled catches up from the log. Clients
cannot subscribe to it.
"""

import logging
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from hubbub.engine.following import grant
from hubbub.engine.logs import about
from hubbub.engine.ports import StreamState, StreamStore
from hubbub.protocol.close import Close
from hubbub.protocol.frames import Event, Position
from hubbub.protocol.registry import event
from hubbub.protocol.topics import kind_of

if TYPE_CHECKING:
    from hubbub.engine.engine import Engine
    from hubbub.engine.session import Session

logger = logging.getLogger("hubbub.control")

CONTROL_TOPIC = "control"

PAGE = 500


@event("control.sessions_ended", internal=True)
class SessionsEnded(msgspec.Struct):
    """A user's sessions end: of one login, of all but one, or all."""

    actor: str
    """The user's key, as in ``Actor.key``."""
    reason: str
    login: str = ""
    except_login: str = ""


@event("control.actor_renamed", internal=True)
class ActorRenamed(msgspec.Struct):
    """A user goes by other names, or is of the staff, or no longer: what open sessions do from now on, they do so."""

    actor: str
    """The user's key, as in ``Actor.key``."""
    username: str
    first_name: str
    last_name: str
    is_staff: bool = False


@event("control.access_revoked", internal=True)
class AccessRevoked(msgspec.Struct):
    """A user may not follow a topic any more."""

    actor: str
    target: str
    reason: str


@event("control.access_granted", internal=True)
class AccessGranted(msgspec.Struct):
    """A user may follow a topic from now on; sessions that follow all of its kind begin at ``position``."""

    actor: str
    target: str
    position: Position


@event("control.topic_closed", internal=True)
class TopicClosed(msgspec.Struct):
    """Nobody may follow a topic any more, however many do."""

    target: str
    reason: str


@event("control.session_closed", internal=True)
class SessionClosed(msgspec.Struct):
    """Somebody of the staff has closed one connection; its client may come back."""

    session: str
    by: str
    """That person's name, for the log."""


@event("control.log_changed", internal=True)
class LogChanged(msgspec.Struct):
    """The log does not say any more what it said: events were pruned, or lost what must not be read again."""

    offsets: dict[str, int]
    """By topic the offset up to which that may be so."""


def read_since(store: StreamStore, at: datetime) -> tuple[StreamState, list[Event]]:
    """Where the control topic stands, and what happened since ``at``, in order; a little before, too. Blocking."""
    state = store.states([CONTROL_TOPIC])[CONTROL_TOPIC]
    found: list[Event] = []
    after = state.top
    while after >= state.first and (not found or found[0].created_at.timestamp() >= at.timestamp()):
        before, after = after, max(state.first - 1, after - PAGE)
        found = store.read(CONTROL_TOPIC, after, before - after) + found
    return state, found


def remember(engine: "Engine", events: list[Event]) -> None:
    """Hold endings from before this process against what was checked before them: a ticket is good for a while."""
    now, at = engine.clock.now().timestamp(), engine.clock.monotonic()
    for each in events:
        ago = max(0.0, now - each.created_at.timestamp())
        if each.type == "control.actor_renamed":
            names = msgspec.json.decode(each.raw, type=ActorRenamed)
            if not names.is_staff:
                engine.sessions.demote(names.actor, at=at - ago)
        elif each.type == "control.sessions_ended":
            ended = msgspec.json.decode(each.raw, type=SessionsEnded)
            engine.sessions.end(
                ended.actor, ended.reason, login=ended.login, except_login=ended.except_login, at=at - ago
            )


def obey(engine: "Engine", event: Event) -> None:
    """Act on one event of the control topic."""
    if event.type == "control.sessions_ended":
        ended = msgspec.json.decode(event.raw, type=SessionsEnded)
        engine.sessions.end(ended.actor, ended.reason, login=ended.login, except_login=ended.except_login)
    elif event.type == "control.actor_renamed":
        names = msgspec.json.decode(event.raw, type=ActorRenamed)
        if not names.is_staff:
            engine.sessions.demote(names.actor)
        for session in engine.sessions.of(names.actor):
            _rename(session, names)
    elif event.type == "control.access_revoked":
        revoked = msgspec.json.decode(event.raw, type=AccessRevoked)
        engine.hub.parted.revoke(revoked.actor, revoked.target)
        for session in engine.sessions.of(revoked.actor):
            session.revoke(revoked.target, revoked.reason)
    elif event.type == "control.access_granted":
        granted = msgspec.json.decode(event.raw, type=AccessGranted)
        for session in engine.sessions.of(granted.actor):
            if kind_of(granted.target) in session.follows_grants:
                grant(session, granted.target, granted.position)
    elif event.type == "control.topic_closed":
        _close_topic(engine, msgspec.json.decode(event.raw, type=TopicClosed))
    elif event.type == "control.session_closed":
        _close(engine, msgspec.json.decode(event.raw, type=SessionClosed))
    elif event.type == "control.log_changed":
        engine.hub.changed(msgspec.json.decode(event.raw, type=LogChanged).offsets)


def _rename(session: "Session", names: ActorRenamed) -> None:
    was_staff = session.actor.is_staff
    session.actor = replace(
        session.actor,
        username=names.username,
        first_name=names.first_name,
        last_name=names.last_name,
        is_staff=names.is_staff,
    )
    if was_staff and not names.is_staff:
        # Its client comes back at once, and is let in where it still may be.
        session.close(Close.RESTART, "no longer staff")


def _close_topic(engine: "Engine", closed: TopicClosed) -> None:
    engine.hub.parted.close(closed.target)
    for session in [each for each in engine.sessions.all() if closed.target in each.subscriptions]:
        session.revoke(closed.target, closed.reason)


def _close(engine: "Engine", closed: SessionClosed) -> None:
    session = engine.sessions.find(closed.session)
    if session is not None and session.close(Close.RESTART, "closed by staff") is not None:
        logger.warning(
            "Session %s of %r was closed %d: %r asked for it.",
            session.id,
            session.actor.username,
            Close.RESTART,
            closed.by,
            extra=about(session),
        )
