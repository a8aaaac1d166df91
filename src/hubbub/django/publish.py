"""``publish`` and ``publish_ephemeral``: where events are born (rule EVT-3)."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import msgspec
from django.db import transaction

from hubbub.django import runtime
from hubbub.django.streams import DjangoStreamStore
from hubbub.django.twins import in_thread, refuse_in_loop
from hubbub.engine.clock import SystemClock
from hubbub.engine.engine import make_ephemeral
from hubbub.engine.logs import quiet_logger
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import registry
from hubbub.protocol.topics import check_topic

logger = quiet_logger("hubbub.publish")

_clock = SystemClock()


def publish(topic: str, event: msgspec.Struct, *, author: str = "") -> Position:
    """Add a durable event to a topic's stream, and deliver it once the transaction is committed.

    ``event`` is an instance of a class decorated with ``@event``. Inside ``atomic()`` it is part of that
    transaction; outside it is a transaction of its own. Works in any process and thread; in async code use
    ``apublish``. ``author`` is the author's ``Actor.key``.

    Returns the event's position. Raises TypeError for a struct that is no durable event, BadFrame for an
    illegal topic, SynchronousOnlyOperation in async code.
    """
    return publish_all([Publication(topic, event, author)])[0]


async def apublish(topic: str, event: msgspec.Struct, *, author: str = "") -> Position:
    """``publish`` for async code."""
    return await in_thread(publish, topic, event, author=author)


class Publication(NamedTuple):
    """A durable event for a topic, and the ``Actor.key`` of its author, if there is one."""

    topic: str
    event: msgspec.Struct
    author: str = ""


def publish_all(publications: Iterable[Publication]) -> list[Position]:
    """Publish several events by as many queries as one, each topic's in order. Returns their positions."""
    refuse_in_loop("publish")
    now = _clock.now()
    new = [(topic, _durable(topic, event), msgspec.json.encode(event), by, now) for topic, event, by in publications]
    store = DjangoStreamStore()
    # No savepoint: whoever goes on after half of this has failed must not commit.
    with transaction.atomic(using=store.alias, savepoint=False):
        logged = store.append_all(new)
        # robust: somebody else's failing callback must not keep this one from running.
        transaction.on_commit(partial(runtime.committed, store.alias, logged), using=store.alias, robust=True)
    return [Position(each.epoch, each.offset or 0) for each in logged]


def _durable(topic: str, event: msgspec.Struct) -> str:
    """The event's type. Raises TypeError, BadFrame."""
    event_type = registry.event_type(event)
    if not event_type.durable:
        raise TypeError(f"{event_type.name} is ephemeral: use publish_ephemeral.")
    check_topic(topic)
    return event_type.name


def publish_ephemeral(topic: str, event: msgspec.Struct, *, author: str = "", skip: str = "", key: str = "") -> None:
    """Show an event to whoever follows the topic now. It is in no stream and may be lost.

    Ephemeral events of one ``key`` replace each other while they wait for a slow reader. Without Redis they
    do not leave the process: from a shell or a worker nothing is delivered, which is logged. It waits for nothing,
    so it may be called in any thread, one with an event loop too.
    Raises TypeError for a struct that is no event, BadFrame for an illegal topic.
    """
    if not show(topic, event, author=author, skip=skip, key=key):
        logger.warning(
            "%s on %s reached nobody: it is ephemeral, and this process serves no sockets. Publish it as a durable "
            "event, or in the process that serves, or give both a layer on Redis (CHANNEL_LAYERS).",
            type(event).__name__,
            topic,
        )


def show(topic: str, event: msgspec.Struct, *, author: str = "", skip: str = "", key: str = "") -> bool:
    """``publish_ephemeral`` for who says by itself that nothing is delivered: False then, and no line in the log."""
    check_topic(topic)
    return runtime.deliver([make_ephemeral(_clock, topic, event, author=author, skip=skip, key=key)])


async def apublish_ephemeral(
    topic: str, event: msgspec.Struct, *, author: str = "", skip: str = "", key: str = ""
) -> None:
    """``publish_ephemeral``, for whoever writes ``await`` everywhere: that one waits for nothing either."""
    publish_ephemeral(topic, event, author=author, skip=skip, key=key)
