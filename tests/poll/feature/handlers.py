"""Who answers: one function."""

from hubbub import Context, handles
from tests.poll.feature import actions
from tests.poll.feature import messages as wire


@handles(wire.Vote)
async def vote(ctx: Context, data: wire.Vote) -> wire.Tally:
    return await ctx.act(actions.vote, ctx.actor, ctx.topic, data.option, client_id=data.client_id)
