"""Listeners in processes: what one was about when it was killed, another does, and once."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from contextlib import AsyncExitStack

from tests.durability.world import make_world
from tests.processes.test_background import Kit
from tests.processes.test_background import kit as kit
from tests.processes.test_workers import join, until
from tests.waiting import wait_until_async

ROWS = """
from hubbub.django.models import RecurringJob
print("ROWS" + ",".join(sorted(RecurringJob.objects.filter(name__startswith="heard").values_list("name", flat=True))))
"""


async def test_a_process_is_killed_while_it_listens(kit: Kit) -> None:
    """LSN-1 LSN-4 LSN-6: another hears it again, and what the first wrote there isn't; a mention arrives in no time."""
    server, workers = kit.start("serve", "--no-worker"), [kit.start("worker-1"), kit.start("worker-2")]
    world = await asyncio.to_thread(make_world, server, 2, 0, 1)
    topic = world.topics[0]

    async with AsyncExitStack() as stack:
        ann = await join(stack, server, world, "user00", topic)
        ben = await join(stack, server, world, "user01", topic)

        async def send(content: str) -> None:
            await ann.send(json.dumps({"id": 9, "type": "chat.send", "topic": topic, "data": {"content": content}}))
            await until(ann, lambda frame: frame.get("id") == 9)

        await ben.send(json.dumps({"id": 2, "type": "subscribe", "topic": "notifications.2"}))
        await until(ben, lambda frame: frame.get("id") == 2)
        took = []
        for number in range(5):
            began = time.monotonic()
            await send(f"@user01 {number}")
            await until(ben, lambda frame: frame["type"] == "notifications.notified")
            took.append(time.monotonic() - began)
        print(f"from a message to its mention at the other, by another process: {sorted(took)[2] * 1000:.0f} ms")
        assert sorted(took)[2] < 0.8

        await send("hang")
        await wait_until_async(lambda: bool(kit.notes("heard-hang")), "the one that hangs")
        [(_, pid)] = kit.notes("heard-hang")
        next(each for each in workers if each.pid == pid).signal(signal.SIGKILL)
        await wait_until_async(lambda: len(kit.notes("heard-hang")) == 2, "the other", 30)
        await send("after")
        await wait_until_async(lambda: bool(kit.notes("heard-after")), "what comes after it")
    assert kit.notes("heard-hang")[1][1] in {each.pid for each in workers} - {pid}
    printed = await asyncio.to_thread(server.manage, "shell", "-v0", "-c", ROWS)
    assert printed.stdout.split("ROWS")[1].strip().split(",")[-2:] == ["heard after", "heard hang"]
