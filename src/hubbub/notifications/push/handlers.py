from hubbub.engine.context import Context
from hubbub.notifications.push import actions
from hubbub.notifications.push import messages as wire
from hubbub.protocol.registry import handles


@handles(wire.NotificationsShown)
async def shown(ctx: Context, data: wire.NotificationsShown) -> None:
    await ctx.act(actions.shown, ctx.actor, data.number)
