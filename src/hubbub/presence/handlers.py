"""The socket commands of presence. Only ``presence.watch`` asks the database: who may see whom."""

from hubbub.engine.actor import user_key
from hubbub.engine.context import Context
from hubbub.presence import messages as wire
from hubbub.presence.policy import visible
from hubbub.presence.roll import Roll
from hubbub.protocol.registry import handles


@handles(wire.Watch)
async def watch(ctx: Context, data: wire.Watch) -> wire.Watched:
    user = ctx.actor.require_user()
    lookers = ctx.session.engine.parts.of(Roll).lookers
    with lookers.doubts.asking([user_key(user), *map(user_key, data.users)]) as doubted:
        seen = await ctx.read(visible, user, data.users) if data.users else []
    return wire.Watched(lookers.watch(ctx.session, seen, doubted))


@handles(wire.SetPresence)
def set_presence(ctx: Context, data: wire.SetPresence) -> wire.Presence:
    user, actor = ctx.actor.require_user(), ctx.actor
    roll = ctx.session.engine.parts.of(Roll)
    if data.invisible is not None:
        roll.choose(ctx.session, data.invisible)
    if data.state is not None:
        roll.say(ctx.session, data.state)
    return roll.people.as_told(actor.key, user, to_self=True)
