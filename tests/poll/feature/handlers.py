"""Who answers: one function."""

from hubbub.engine.context import Context
from hubbub.protocol.registry import handles
from tests.poll.feature import actions
from tests.poll.feature import messages as wire


@handles(wire.Vote)
async def vote(ctx: Context, data: wire.Vote) -> wire.Tally:
    return await ctx.act(actions.vote, ctx.actor, ctx.topic, data.option, client_id=data.client_id)
