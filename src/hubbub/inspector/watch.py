"""Once a second, while somebody looks: measure, and say so. Nothing at all while nobody does.

Who looks may be in another process: each process tells the others by the layer what is looked at in it, and each
answers for itself.
"""

import logging
import os
import socket
from functools import cache

import msgspec

from hubbub.engine.batch import Batch
from hubbub.engine.engine import Engine, make_ephemeral
from hubbub.engine.parts import engine_part
from hubbub.engine.ports import NoRelay
from hubbub.engine.session import Session
from hubbub.inspector import messages as wire
from hubbub.inspector.census import Census, take
from hubbub.inspector.policy import LIVE
from hubbub.inspector.trace import Trace
from hubbub.protocol.frames import Position

logger = logging.getLogger("hubbub.inspector")

ALL = "inspect.all"
"""Where processes tell each other. No client may follow it."""
INTERVAL = 1.0
ASKED_SECONDS = 3.0
"""How long another process's word is good for."""


@cache
def process_name() -> str:
    """This process among all that serve: its machine and number."""
    return f"{socket.gethostname()}:{os.getpid()}"


@engine_part
class Watch:
    """What one engine measures for those who look."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._here: set[str] = set()
        """Topics that somebody looks at in this process."""
        self._elsewhere: dict[str, float] = {}
        """Those of other processes, and until when."""
        self._traces: dict[str, Trace | None] = {}
        """By topic; None for one whose time is over."""
        self._running = False
        self.census: Census | None = None
        """The last one, while somebody looks."""
        if not isinstance(engine.hub.relay, NoRelay):  # Else there are no others who could ask.
            engine.hub.add(ALL, _Ear(self))

    def began(self, session: Session) -> None:
        """Nothing is kept of sessions: who looks has them counted anew."""

    def ended(self, session: Session) -> None:
        """Nothing is kept of sessions."""

    def sweep(self) -> None:
        """It measures by itself, while somebody looks."""

    def joined(self, topic: str) -> None:
        """Somebody in this process looks at a topic, from now on."""
        self._here.add(topic)
        if topic in self._traces and self._traces[topic] is None:
            del self._traces[topic]  # Another one begins.
        self._run()

    def asked(self, topics: list[str]) -> None:
        """Somebody in another process looks at these."""
        until = self._engine.clock.monotonic() + ASKED_SECONDS
        self._elsewhere.update(dict.fromkeys(topics, until))
        self._run()

    def _run(self) -> None:
        if not self._running:
            self._running = True
            self._engine.tasks.spawn(self._measure(), "inspector")

    async def _measure(self) -> None:
        try:
            while wanted := self._wanted():
                if LIVE in wanted:
                    await self._tell_figures()
                else:
                    self.census = None
                self._tell_frames(wanted - {LIVE})
                await self._engine.clock.sleep(INTERVAL)
        finally:
            self._running = False
            self.census = None
            self._tell_frames(set())

    def _wanted(self) -> set[str]:
        """The topics that are looked at, here or elsewhere; the other processes are told of those here."""
        topics, now = self._engine.hub.topics, self._engine.clock.monotonic()
        self._here = {topic for topic in self._here if topic in topics and topics[topic].subscribers}
        self._elsewhere = {topic: until for topic, until in self._elsewhere.items() if until > now}
        if self._here:
            asked = make_ephemeral(self._engine.clock, ALL, wire.Asked(sorted(self._here)))
            self._engine.hub.relay.send(asked)
        return self._here | self._elsewhere.keys()

    async def _tell_figures(self) -> None:
        before = self.census
        self.census = census = await take(self._engine, before)
        self._tell(
            LIVE,
            wire.Measured(
                process_name(), census.totals(before), census.slow(), census.busy(), census.busy_topics()
            ),
        )  # fmt: skip

    def _tell_frames(self, wanted: set[str]) -> None:
        for topic in self._traces.keys() - wanted:
            if trace := self._traces.pop(topic):
                trace.detach()
        for topic in wanted:
            if topic not in self._traces:
                self._traces[topic] = Trace(self._engine, topic.partition(".")[2])
            if (trace := self._traces[topic]) is None:
                continue
            frames, missed = trace.take()
            self._tell(topic, wire.FramesSeen(process_name(), frames, missed, round(trace.left, 1)))
            if trace.left:
                trace.attach()
            else:
                trace.detach()
                self._traces[topic] = None
                self._tell(topic, wire.TraceEnded(process_name()))

    def _tell(self, topic: str, event: msgspec.Struct) -> None:
        # Of each process the newest is enough for who reads slowly; frames are each shown once.
        key = f"inspect {process_name()}" if topic == LIVE else ""
        self._engine.publish_ephemeral(topic, event, key=key)


class _Ear:
    """Hears what other processes are asked."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def deliver(self, batch: Batch) -> None:
        for event in batch.events:
            if event.type == "inspect.asked":
                self._watch.asked(msgspec.json.decode(event.raw, type=wire.Asked).topics)

    def reset(self, position: Position, reason: str) -> None:
        return None


def watch_of(engine: Engine) -> Watch:
    """The one of an engine."""
    return engine.parts.of(Watch)
