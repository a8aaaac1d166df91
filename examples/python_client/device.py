"""A device that reports what it measures, and loses nothing while it is offline or switched off.

Each line on standard input is a measurement. They are written to a queue on disk first and sent when there is a
connection, each once and in order.

    HUBBUB_URL=ws://localhost:8000/ws/ HUBBUB_TOKEN=$(hubbub token boiler --days 365) \
        HUBBUB_TOPIC=chat.42 python device.py < measurements
"""

import asyncio
import os
import sys
from pathlib import Path

from hubbub.chat.messages import Send
from hubbub.client import Client, Ended


async def main() -> None:
    topic = os.environ["HUBBUB_TOPIC"]
    queue = Path(os.environ.get("QUEUE_FILE", "device-queue.sqlite3"))
    client = Client(os.environ["HUBBUB_URL"], token=os.environ["HUBBUB_TOKEN"], queue=queue, on_status=print_status)
    async with client, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(complain(client))
        while line := await asyncio.to_thread(sys.stdin.readline):
            client.enqueue(Send(line.strip()), topic=topic)
            print("kept", line.strip(), flush=True)
        await client.queue.drained()
        watching.cancel()


async def complain(client: Client) -> None:
    """Stop where there is no way on, with words for whoever looks after the device. The queue stays on disk."""
    ended: Ended = await client.ended()
    print(f"stopped: {ended}", flush=True)
    os._exit(1)  # The line that is being waited for may never come.


def print_status(status: str) -> None:
    print("status", status, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
