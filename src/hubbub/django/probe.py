"""Round trips through the channel layer and the database, as ``hubbub check_channels`` makes them."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from channels.layers import get_channel_layer
from django.db import DatabaseError, ProgrammingError, connections, transaction

from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.relay import hosts_of
from hubbub.django.streams import DjangoStreamStore

ROUNDS = 10
"""Round trips after the first, which also connects."""
IN_MEMORY = ("InMemoryLayer", "InMemoryChannelLayer")

ONE_PROCESS = (
    "It is in memory: what is sent to it stays in its process. That is right where one process serves. With several, "
    "messages still reach all of them by the database, and typing and the like don't."
)
ANOTHER_LAYER = (
    "Start it, or correct its address in CHANNEL_LAYERS. Without it messages still reach other processes by the "
    "database, a little later; typing and the like don't."
)
OWN_PREFIX = (
    "Somebody else seems to use the same channels: give each project that shares the server a prefix of its own in "
    "CHANNEL_LAYERS."
)
ANOTHER_DATABASE = "Start it, or correct its address in DATABASE_URL or DATABASES. Nothing is acknowledged without it."
NO_TABLES = "Run `hubbub migrate`."


@dataclass(frozen=True, slots=True)
class Found:
    """What one look has found."""

    what: str
    said: str
    advice: str = ""
    failed: bool = False

    def __str__(self) -> str:
        words = f"{self.what}: {self.said}"
        return f"{words}\n    {self.advice}" if self.advice else words


class Mixed(Exception):
    """Something else came back than what was sent."""


def look(timeout: float) -> Iterator[Found]:
    """Everything, one after the other; ``timeout`` is the seconds of a round trip through the layer. Never raises."""
    yield from asyncio.run(_look_at_layer(timeout))
    yield _look_at_database()


# The channel layer


async def _look_at_layer(timeout: float) -> list[Found]:
    alias = hubbub_settings().channel_layer
    what = f"Channel layer {alias!r}"
    try:
        layer = get_channel_layer(alias)
    except Exception as error:
        return [Found(what, f"it cannot be made: {_words(error)}", "Correct its entry in CHANNEL_LAYERS.", failed=True)]
    if layer is None:
        return [Found(what, "there is none.", "hubbub works without, in one process. Name one in CHANNEL_LAYERS.")]
    kind = type(layer).__name__
    what = f"{what} ({', '.join([kind, *hosts_of(alias)])})"
    found = []
    try:
        for name, trip in (("a channel", _by_channel), ("a group", _by_group)):
            found.append(await _try(f"{what}, {name}", lambda trip=trip: trip(layer), timeout))  # type: ignore[misc]
            if found[-1].failed:
                break
        else:
            if kind in IN_MEMORY:
                found.append(Found(what, ONE_PROCESS))
    finally:
        await _close(layer)
    return found


async def _try(what: str, trip: Callable[[], Awaitable[None]], timeout: float) -> Found:
    seconds = []
    try:
        for _ in range(1 + ROUNDS):
            began = time.perf_counter()
            await asyncio.wait_for(trip(), timeout)
            seconds.append(time.perf_counter() - began)
    except TimeoutError:
        return Found(what, f"nothing came back within {timeout:g} s.", ANOTHER_LAYER, failed=True)
    except Mixed as error:
        return Found(what, f"{error}.", OWN_PREFIX, failed=True)
    except Exception as error:
        return Found(what, f"{_words(error)}.", ANOTHER_LAYER, failed=True)
    return Found(what, f"there and back in {_ms(seconds[0])} at first, then {_ms(median(seconds[1:]))}.")


async def _by_channel(layer: Any) -> None:
    channel = await layer.new_channel("hubbub_check")
    sent = _message()
    await layer.send(channel, sent)
    _compare(sent, await layer.receive(channel))


async def _by_group(layer: Any) -> None:
    channel = await layer.new_channel("hubbub_check")
    group, sent = f"hubbub_check.{secrets.token_hex(8)}", _message()
    await layer.group_add(group, channel)
    try:
        await layer.group_send(group, sent)
        _compare(sent, await layer.receive(channel))
    finally:
        await layer.group_discard(group, channel)


def _message() -> dict[str, Any]:
    return {"type": "hubbub.check", "token": secrets.token_hex(8)}


def _compare(sent: dict[str, Any], received: dict[str, Any]) -> None:
    if received.get("token") != sent["token"]:
        raise Mixed("something else came back than what was sent")


async def _close(layer: Any) -> None:
    """Its connections belong to this loop, which is about to end."""
    close = getattr(layer, "close", None) or getattr(layer, "close_pools", None)
    if close is None:
        return
    try:
        await asyncio.wait_for(close(), 1.0)
    except Exception:
        return  # One that is away cannot be told.


# The database


def _look_at_database() -> Found:
    """Write an event and read it back, in a transaction that is rolled back."""
    alias = database_alias()
    settings = connections[alias].settings_dict
    where = ":".join(str(settings[key]) for key in ("HOST", "PORT") if settings.get(key))
    what = f"Database {alias!r} ({', '.join(filter(None, [connections[alias].vendor, where]))})"
    try:
        began = time.perf_counter()
        connections[alias].ensure_connection()
        connected = time.perf_counter()
        with transaction.atomic(using=alias):
            _write_and_read(alias)
            transaction.set_rollback(True, using=alias)
        done = time.perf_counter()
    except (ProgrammingError, KeyError) as error:
        return Found(what, f"it has no streams: {_words(error)}.", NO_TABLES, failed=True)
    except DatabaseError as error:
        missing = "no such table" in str(error)
        return Found(what, f"{_words(error)}.", NO_TABLES if missing else ANOTHER_DATABASE, failed=True)
    except Mixed as error:
        return Found(what, f"{error}.", failed=True)
    connecting, writing = _ms(connected - began), _ms(done - connected)
    return Found(what, f"an event was written and read back in {writing}, after {connecting} to connect.")


def _write_and_read(alias: str) -> None:
    """Raises Mixed, DatabaseError; KeyError where the streams have no root."""
    store, topic = DjangoStreamStore(alias), f"check.{secrets.token_hex(8)}"
    written = store.append(topic, "check.written", b"{}", "", datetime.now(UTC))
    state = store.states([topic])[topic]
    read = store.read(topic, 0, 2)
    if [each.offset for each in read] != [written.offset] or state.top != written.offset:
        raise Mixed("the event that was written is not what was read")


def _words(error: BaseException) -> str:
    """An exception in one line, without its full stop."""
    return " ".join(str(error).split()).rstrip(".?") or type(error).__name__


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
