"""The running engine of this process: made when the first socket comes, on the loop that serves it."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import get_channel_layer

from hubbub.django import auth, otel
from hubbub.django.conf import database_alias, engine_settings, hubbub_settings, tail_alias
from hubbub.django.credentials import Checks, Credential
from hubbub.django.groups import groups_over
from hubbub.django.limits import limiter
from hubbub.django.listeners import news
from hubbub.django.reader import ThreadReader
from hubbub.django.relay import relay_over
from hubbub.django.retention import house_jobs
from hubbub.django.streams import DjangoStreamStore
from hubbub.django.tail import Tail
from hubbub.django.telling import tell
from hubbub.django.wakeups import notify
from hubbub.django.writer import make_writer
from hubbub.engine import tracing
from hubbub.engine.actor import Actor
from hubbub.engine.clock import SystemClock
from hubbub.engine.engine import Engine
from hubbub.engine.lag import measure_lag
from hubbub.engine.ports import NoRelay
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Event

logger = logging.getLogger("hubbub.engine")

HOUSEKEEPING_SECONDS = 60.0


class Runtime:
    """An engine with its threads: the writer's, the readers', the tail's."""

    call: Callable[[Callable[[], Any]], Awaitable[Any]] | None = None
    """Where async code calls what waits for the database, if not where Django does: the test kit has one thread."""

    def __init__(self) -> None:
        ours, alias = hubbub_settings(), database_alias()
        if ours.tracing:
            otel.install()
        self.loop = asyncio.get_running_loop()
        self.store = DjangoStreamStore(alias)
        self.writer = make_writer(ours)
        self.reader = ThreadReader(alias, ours.reader_threads)
        self.checks = Checks(alias)
        layer = get_channel_layer(ours.channel_layer)
        self.relay = relay_over(layer, ours.channel_layer)
        self.engine = Engine(
            store=self.store,
            writer=self.writer,
            reader=self.reader,
            relay=self.relay,
            clock=SystemClock(),
            settings=engine_settings(),
            limiter=limiter(),
            authenticate_token=self._actor_of_token,
            groups=groups_over(layer),
        )
        # A layer that leaves the process wakes the others by itself.
        alone = isinstance(self.relay, NoRelay)
        self.tail = Tail(tail_alias(), self.engine.hub, ours.tail_seconds, telling=alone)

    async def start(self) -> None:
        self.writer.start()
        # The tail first: it begins at the end of the log, so what it does not see the first read does.
        await asyncio.to_thread(self.tail.start)
        await self.engine.start()
        self.relay.start(self.engine)
        self.engine.groups.start(self.engine)
        self.engine.tasks.spawn(self._keep_house(), "housekeeping")
        self.engine.tasks.spawn(measure_lag(), "loop lag")

    def committed(self, events: list[Event]) -> None:
        """Show what was added to the log, here and by the others. From any thread."""
        self.engine.hub.publish(events)
        self.tail.committed()

    async def _actor_of_token(self, token: str) -> Actor:
        actor = await self.checks.check(auth.token_credential(token))
        assert actor is not None
        return actor

    async def _keep_house(self) -> None:
        """Do every minute what each job says, a bounded amount at once, beside the messages."""
        while True:
            await self.engine.clock.sleep(HOUSEKEEPING_SECONDS)
            for name, job in house_jobs.items():
                try:
                    if (work := job(self.engine)) is not None:
                        await self.writer.run(work, topic="")
                except HubbubError as error:
                    logger.info("housekeeping (%s) is put off: %s", name, error)
                except Exception:
                    logger.exception("housekeeping (%s) failed", name)  # The other jobs go on.

    async def stop(self) -> None:
        """Close the sockets, then stop the threads. What was acknowledged is committed already."""
        await self.engine.stop()
        await asyncio.to_thread(self.tail.stop)
        await asyncio.to_thread(self.writer.stop)
        self.reader.stop()
        self.checks.stop()
        if tracing.tracer is not None:
            await asyncio.to_thread(tracing.tracer.flush)


_current: Runtime | None = None
_starting: "asyncio.Task[Runtime] | None" = None
_lock = threading.Lock()


async def get_engine() -> Engine:
    """The engine of this process, started if need be: Daphne, for one, never says that it begins."""
    return (await _get()).engine


async def check(credential: Credential) -> Actor | None:
    """Whose a credential is, None for nobody's. Raises NotAuthenticated, and Busy without a database."""
    return await (await _get()).checks.check(credential)


async def _get() -> Runtime:
    global _starting
    if _current is not None and _current.loop is asyncio.get_running_loop():
        return _current
    if _starting is None or _starting.get_loop() is not asyncio.get_running_loop() or _starting.done():
        _starting = asyncio.get_running_loop().create_task(_start(), name="hubbub runtime")
    return await asyncio.shield(_starting)


async def _start() -> Runtime:
    return await begin(Runtime())


async def begin(runtime: Runtime) -> Runtime:
    """Start it and make it the one of this process."""
    global _current
    try:
        await runtime.start()
    except BaseException:
        await runtime.stop()  # Its threads too: the next socket tries again with a new one.
        raise
    with _lock:
        _current = runtime
    return runtime


def forget(runtime: Runtime) -> None:
    """This process has it no more, should it be the current one; it is not stopped by that."""
    global _current
    with _lock:
        _current = None if _current is runtime else _current


async def drain() -> None:
    """Ask the clients of this process to come back, to another or to the next; it is not ready any more."""
    if (runtime := _current) is not None:
        await runtime.engine.drain()


async def stop() -> None:
    """Stop the engine of this process, if there is one."""
    global _current
    with _lock:
        runtime, _current = _current, None
    if runtime is not None:
        await runtime.stop()


def current() -> Runtime | None:
    """The running engine with its threads, from any thread; None where this process serves no sockets."""
    return _current


def deliver(events: list[Event]) -> bool:
    """Hand events to this process's hub, or to those that serve by way of the layer. From any thread.

    False where this process serves no sockets, and its layer doesn't leave it.
    """
    runtime = _current
    if runtime is None:
        return tell(events)
    runtime.engine.hub.publish(events)
    return True


def committed(alias: str, events: list[Event]) -> None:
    """Durable events were committed to the log in the database ``alias``: show them. From any thread and process."""
    runtime = _current
    if runtime is None:
        notify(alias)
    else:
        runtime.committed(events)
    news({event.type for event in events})
