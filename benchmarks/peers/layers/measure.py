"""Measures a channel layer: ``measure.py LAYER PORT REDIS_URL``. Asked over the port, a line at a time.

What one layer sends another one receives, as two processes would, on one loop and one core, so that both halves count.
Every group has one channel. Asked ``window GROUPS UNDER_WAY SECONDS`` or ``rate GROUPS PER_SECOND SECONDS``, it answers
with a line of JSON.
"""

import asyncio
import importlib
import itertools
import json
import sys
import time

BACKENDS = {
    "hubbub": "hubbub.layers.redis.RedisLayer",
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
LOST_SECONDS = 1.0
TEXT = "x" * 100


class Measurement:
    """Some groups with a channel each, and the messages that are under way."""

    def __init__(self, sender, receiver, groups: int, name: str) -> None:
        self.sender, self.receiver = sender, receiver
        self.groups = [f"{name}.{n}" for n in range(groups)]
        self.numbers = itertools.count()
        self.arrivals: dict[int, asyncio.Future] = {}
        self.lost = 0

    async def __aenter__(self):
        self.receiving = []
        for group in self.groups:
            channel = await self.receiver.new_channel()
            self.receiving.append(asyncio.create_task(self.receive(channel)))
            await self.receiver.group_add(group, channel)
        for group in self.groups[:10]:
            while not await self.send(group):
                pass
        self.lost = 0
        return self

    async def __aexit__(self, *exc):
        for task in self.receiving:
            task.cancel()
        await asyncio.wait(self.receiving)

    async def receive(self, channel: str) -> None:
        while True:
            message = await self.receiver.receive(channel)
            arrival = self.arrivals.pop(message["n"], None)
            if arrival is not None and not arrival.done():
                arrival.set_result(time.perf_counter())

    async def send(self, group: str) -> float:
        """Seconds until a message has arrived; 0 where it has not."""
        number = next(self.numbers)
        arrival = self.arrivals[number] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        await self.sender.group_send(group, {"type": "bench.message", "n": number, "text": TEXT})
        try:
            async with asyncio.timeout(LOST_SECONDS):
                return await arrival - began
        except TimeoutError:
            self.arrivals.pop(number, None)
            self.lost += 1
            return 0

    async def window(self, under_way: int, seconds: float) -> dict:
        """So many messages are under way; the next leaves when one has arrived."""
        groups = itertools.cycle(self.groups)
        arrived = 0
        until = time.perf_counter() + seconds

        async def keep_sending() -> None:
            nonlocal arrived
            while time.perf_counter() < until:
                took = await self.send(next(groups))
                arrived += took > 0

        began = time.perf_counter()
        await asyncio.gather(*(keep_sending() for _ in range(under_way)))
        return {"per_second": arrived / (time.perf_counter() - began), "lost": self.lost}

    async def rate(self, per_second: float, seconds: float) -> dict:
        """So many messages a second, evenly spread, however long they take."""
        groups = itertools.cycle(self.groups)
        sending = []
        began = time.perf_counter()
        for n in range(int(per_second * seconds)):
            await asyncio.sleep(max(0, began + n / per_second - time.perf_counter()))
            sending.append(asyncio.create_task(self.send(next(groups))))
        took = sorted(filter(None, await asyncio.gather(*sending)))
        at = [took[int(len(took) * share)] * 1000 for share in (0.5, 0.99)] if took else [0, 0]
        return {"p50": at[0], "p99": at[1], "lost": self.lost}


async def main(kind: str, port: str, url: str) -> None:
    module, _, name = BACKENDS[kind].rpartition(".")
    backend = getattr(importlib.import_module(module), name)
    sender, receiver = backend(hosts=[url]), backend(hosts=[url])
    asked = itertools.count()

    async def serve(reader, writer) -> None:
        pace, groups, number, seconds = (await reader.readline()).decode().split()
        async with Measurement(sender, receiver, int(groups), f"bench{next(asked)}") as measurement:
            measure = measurement.window if pace == "window" else measurement.rate
            found = await measure(int(number), float(seconds))
        writer.write(json.dumps(found).encode() + b"\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", int(port))
    await server.serve_forever()


if __name__ == "__main__":
    from django.conf import settings

    settings.configure()
    try:
        import uvloop

        run = uvloop.run
    except ImportError:
        run = asyncio.run
    run(main(*sys.argv[1:]))
