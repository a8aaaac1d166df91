"""The socket commands of the inspector."""

from hubbub.engine.context import Context
from hubbub.inspector import actions
from hubbub.inspector import messages as wire
from hubbub.inspector.census import take
from hubbub.inspector.policy import require_staff
from hubbub.inspector.watch import process_name, watch_of
from hubbub.protocol.registry import handles


@handles(wire.ListSessions)
async def list_sessions(ctx: Context, data: wire.ListSessions) -> wire.SessionPage:
    require_staff(ctx.actor)
    engine = ctx.session.engine
    census = watch_of(engine).census or await take(engine)
    found, total = census.page(data)
    return wire.SessionPage(process_name(), found, total)


@handles(wire.CloseSession)
async def close_session(ctx: Context, data: wire.CloseSession) -> None:
    await ctx.act(actions.close_session, ctx.actor, data.session)
