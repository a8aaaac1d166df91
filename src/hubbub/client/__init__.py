"""The Python client, for bots, devices, scripts and tests. It needs no Django and no settings.

    async with Client("wss://chat.example.org/ws/", token=token) as client:
        async for event in client.topic("chat.42"):
            print(event.type, event.data)

It obeys the rules of ``docs/SPEC.md``. Import the messages of the features you use, ``hubbub.chat.messages`` for
example, and events and replies come as those structs.
"""

from hubbub.client.backoff import Backoff
from hubbub.client.client import Client
from hubbub.client.errors import (
    CannotConnect,
    Disconnected,
    Ended,
    Expired,
    NotAllowed,
    OtherUser,
    QueueFileError,
    QueueFull,
    ServerError,
    SignedOut,
    TimedOut,
    TooBig,
    TopicReset,
    UnknownOutcome,
    Unsubscribed,
)
from hubbub.client.frames import Event, Person
from hubbub.client.inbox import Inbox
from hubbub.client.link import Status
from hubbub.client.presence import Device, Presence, UserPresence
from hubbub.client.queue import Queue, Queued
from hubbub.client.stores import FileStore, MemoryStore, QueueStore, StoredCommand
from hubbub.client.topic import Topic
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Position

__all__ = [
    "Backoff",
    "CannotConnect",
    "Client",
    "Device",
    "Disconnected",
    "Ended",
    "Event",
    "Expired",
    "FileStore",
    "HubbubError",
    "Inbox",
    "MemoryStore",
    "NotAllowed",
    "OtherUser",
    "Person",
    "Position",
    "Presence",
    "Queue",
    "QueueFileError",
    "QueueFull",
    "QueueStore",
    "Queued",
    "ServerError",
    "SignedOut",
    "Status",
    "StoredCommand",
    "TimedOut",
    "TooBig",
    "Topic",
    "TopicReset",
    "UnknownOutcome",
    "Unsubscribed",
    "UserPresence",
]
