"""An application that never ends: it hangs when it is told to shut down, as a thread without its database would."""

from __future__ import annotations

import asyncio
from typing import Any

from hubbub.django.asgi import application as ours


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.Event().wait()
    await ours(scope, receive, send)
