from benchmarks.feature import messages as wire
from benchmarks.feature.census import census
from hubbub.engine.context import Context
from hubbub.protocol.registry import handles


@handles(wire.Say)
def say(ctx: Context, data: wire.Say) -> None:
    ctx.subscription.authorized  # noqa: B018 - being subscribed proves access
    ctx.publish_ephemeral(wire.Said(data.body))


@handles(wire.Census)
def count(ctx: Context, data: wire.Census) -> wire.CensusReply:
    return census(ctx.session.engine)
