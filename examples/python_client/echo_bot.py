"""A bot that answers every message in every conversation of its user with the same words.

HUBBUB_URL=ws://localhost:8000/ws/ HUBBUB_TOKEN=$(hubbub token bot --days 365) python echo_bot.py
"""

import asyncio
import logging
import os

from hubbub.chat.messages import MarkRead, MessageSent, Send
from hubbub.client import Client, TopicReset


async def main() -> None:
    logging.basicConfig(level=logging.INFO)
    async with Client(os.environ["HUBBUB_URL"], token=os.environ["HUBBUB_TOKEN"]) as client:
        inbox = client.inbox()
        await inbox.subscribe()
        print("ready", flush=True)
        while True:
            try:
                async for event in inbox:
                    if isinstance(event.data, MessageSent):
                        await answer(client, event.topic, event.data)
            except TopicReset as reset:
                # Messages are missing. This bot lets them be; another would read chat.history here.
                logging.warning("%s", reset)


async def answer(client: Client, topic: str, sent: MessageSent) -> None:
    message = sent.message
    if client.user is None or message.sender.id == client.user.id:
        return  # Or it would talk to itself for ever.
    if message.deleted:
        return  # While this program was away, staff deleted it: nothing is left to say again.
    # The same client_id for the same message: answered once, even if this program is started twice.
    client.enqueue(Send(message.content, client_id=f"echo-{message.id}"), topic=topic)
    await client.call(MarkRead(message.number), topic=topic)


if __name__ == "__main__":
    asyncio.run(main())
