import msgspec

from hubbub.engine.context import Context
from hubbub.protocol.registry import command, handles


@command("trouble.fail", topic="none")
class Fail(msgspec.Struct):
    """Fail in a way that nobody expected."""


@handles(Fail)
async def fail(ctx: Context, data: Fail) -> None:
    raise LookupError("nobody expected this")
