"""Drives the Python client by lines of JSON on standard input, and tells on standard output what it sees.

The driver for TypeScript beside it speaks the same; ``tests/clients/driver.py`` is the other end of both.
"""

import asyncio
import json
import sys
from typing import Any

from hubbub.client import Backoff, Client, Ended, HubbubError, Position, Queued, Topic, TopicReset, Unsubscribed


def tell(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


class Driver:
    def __init__(self, commands: "asyncio.Queue[dict[str, Any]]") -> None:
        self._commands = commands
        self._tokens: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(self) -> None:
        start = await self._commands.get()
        token = self._ask_token if start["renewable"] else start["token"]
        async with (
            Client(
                start["url"],
                token=token,
                queue=start["queue"],
                backoff=Backoff(0.1, 1.0),
                reply_timeout=3.0,
                on_status=lambda status: tell(told="status", status=status),
            ) as client,
            asyncio.TaskGroup() as tasks,
        ):
            watch = tasks.create_task(self._watch(client))
            look = tasks.create_task(self._look(client))
            for item in client.queue.commands:
                tasks.create_task(self._reply(item))
            followers = [tasks.create_task(self._follow(client.topic(topic))) for topic in start["topics"]]
            while (command := await self._commands.get())["do"] != "end":
                if command["do"] == "token":
                    self._tokens.put_nowait(command["token"])
                elif command["do"] == "send":
                    data = {"content": command["content"], "client_id": command["content"]}
                    try:
                        tasks.create_task(self._reply(client.enqueue("chat.send", data, topic=command["topic"])))
                    except Ended as ended:
                        tell(told="failed", content=command["content"], code=ended.code)
                    tell(told="queued", content=command["content"])
                elif command["do"] == "watch":
                    client.presence.watch(command["users"])
                elif command["do"] == "appear":
                    client.presence.set(command["state"], invisible=command["invisible"])
            for task in [watch, look, *followers]:
                task.cancel()

    async def _ask_token(self) -> str | None:
        tell(told="token")
        return await self._tokens.get()

    async def _watch(self, client: Client) -> None:
        tell(told="ended", code=(await client.ended()).code)

    async def _look(self, client: Client) -> None:
        try:
            async for user in client.presence:
                said = {"state": user.state, "invisible": user.invisible, "devices": len(user.devices)}
                tell(told="presence", user=user.user_id, **said)
        except Ended:
            pass

    async def _reply(self, item: Queued) -> None:
        content = item.data["content"]
        try:
            ok = await item
        except HubbubError as error:
            tell(told="failed", content=content, code=error.code)
        else:
            tell(told="reply", topic=item.topic, content=content, offset=ok["offset"], id=ok["message"]["id"])

    async def _follow(self, topic: Topic) -> None:
        try:
            tell(told="live", topic=topic.name, offset=(await topic.subscribe()).offset)
            while True:
                try:
                    async for event in topic:
                        self._event(topic.name, event.data, event.position)
                except TopicReset as reset:
                    tell(told="reset", topic=topic.name, reason=reset.reason, offset=reset.position.offset)
        except (Ended, Unsubscribed):
            pass

    def _event(self, topic: str, data: Any, position: Position | None) -> None:
        if position is not None:
            content = data["message"]["content"] if "message" in data else ""
            tell(told="event", topic=topic, offset=position.offset, content=content)


async def main() -> None:
    commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    reader = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    driver = asyncio.ensure_future(Driver(commands).run())
    while not driver.done() and (line := await reader.readline()):
        command = json.loads(line)
        commands.put_nowait(command)
        if command["do"] == "end":
            break
    await driver


if __name__ == "__main__":
    asyncio.run(main())
