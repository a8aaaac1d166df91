"""The commands that every session knows, whatever features are installed."""

from typing import Any

import msgspec

from hubbub.engine.context import NO_REPLY, Context
from hubbub.engine.subscription import subscribe
from hubbub.protocol.errors import Absent, NotAuthenticated, TooManySubscriptions
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import command, example, handles


class Recovered(msgspec.Struct):
    """An event as it stands in the reply to ``subscribe``; its topic is the one subscribed to."""

    type: str
    data: dict[str, Any]
    offset: int | None = None


class SubscribeReply(msgspec.Struct):
    """Where the topic stands, and what happened since (rules SUB-1 and SUB-2)."""

    position: Position
    """Every event after it follows."""
    recovered: bool
    """Whether ``events`` are all that happened after ``since``."""
    events: list[Recovered]
    reset: str | None = None
    """Why not: ``epoch``, ``too_old`` or ``too_far``."""
    snapshot: dict[str, Any] | None = None
    """Where it was asked for: what the kind of the topic shows a new follower."""


@command("subscribe", reply=SubscribeReply, limit="reads", errors=(Absent, TooManySubscriptions))
class Subscribe(msgspec.Struct):
    """Follow a topic, from the envelope's ``since`` on or from now on."""

    snapshot: bool = False
    """Whether to have the topic's state at exactly the reply's position."""


@command("unsubscribe")
class Unsubscribe(msgspec.Struct):
    """Follow a topic no longer."""


class RefreshReply(msgspec.Struct):
    """Seconds until the new token expires; null if it never does."""

    expires_in: float | None


@command("auth.refresh", reply=RefreshReply, topic="none", errors=(NotAuthenticated,))
class Refresh(msgspec.Struct):
    """Replace the session's access token before it expires (rule AUT-3)."""

    token: str


@handles(Subscribe)
async def on_subscribe(ctx: Context, data: Subscribe) -> object:
    session = ctx.session
    subscription, outcome = await subscribe(session, ctx.topic, since=ctx.inbound.since, snapshot=data.snapshot)
    try:
        frames = session.dialect.subscribed(ctx.inbound, ctx.topic, outcome)
    except Exception:  # A snapshot that cannot be written: who asks again must not wait for this one.
        session.unfollow(subscription)
        raise
    for frame in frames:
        session.put(frame)
    session.go_live(subscription, outcome.position)
    return NO_REPLY


@handles(Unsubscribe)
async def on_unsubscribe(ctx: Context, data: Unsubscribe) -> None:
    found = ctx.session.subscriptions.get(ctx.topic)
    if found is not None and ctx.topic not in ctx.session.kept:
        ctx.session.unfollow(found)


@handles(Refresh)
async def on_refresh(ctx: Context, data: Refresh) -> RefreshReply:
    session = ctx.session
    checked_from = session.engine.clock.monotonic()
    actor = await session.engine.authenticate_token(data.token)
    if actor.key != session.actor.key:
        raise NotAuthenticated("That token is somebody else's. Open another connection.")
    session.actor = actor
    session.engine.sessions.add(session, checked_from)  # Once more: that login may have ended meanwhile.
    expires = actor.expires
    return RefreshReply(None if expires is None else max(0.0, expires - session.engine.clock.now().timestamp()))


_HERE = Position("k3f9", 1044)
example(
    Subscribe(snapshot=True),
    SubscribeReply(_HERE, recovered=False, events=[], snapshot={"messages": [], "more": False}),
    Unsubscribe(),
    Refresh(token="eyJhbGciOi…"),
    RefreshReply(expires_in=900.0),
)
