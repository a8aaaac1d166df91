"""Compares what clients were told with what the database holds: lost / doubled / out of order.

Counted over acknowledged messages only. A send without an answer may be there once or not at all: a checker that
forgets this lies. Every message's content is unique, so that it can be told apart without its ``client_id``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ack:
    """A reply to a send: where the message stands, as the server says."""

    content: str
    topic: str
    offset: int
    message_id: int


@dataclass(frozen=True)
class Seen:
    """A durable event: as a client received it, or as the log has it."""

    topic: str
    offset: int
    content: str
    """Empty for an event that is no message."""


@dataclass
class ClientLog:
    """What one client noted, in the order in which it happened to it."""

    name: str
    sent: list[tuple[str, str]] = field(default_factory=list)
    """(topic, content) of every first attempt."""
    acks: list[Ack] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    began: dict[str, int] = field(default_factory=dict)
    """Topic to the offset after which the client has followed it."""
    ended: dict[str, int] = field(default_factory=dict)
    """Topic to the offset up to which it has seen everything, as it believes."""
    barred: dict[str, int] = field(default_factory=dict)
    """Topic to the offset from which on it may see nothing: it has left."""
    told: set[tuple[str, int]] = field(default_factory=set)
    """(topic, offset) from which it was told to begin anew: what lies before is not its to follow any more."""


@dataclass(frozen=True)
class Stored:
    """What the database holds after the run."""

    events: Sequence[Seen]
    """By topic and offset."""
    messages: Sequence[tuple[str, int, int, str]]
    """(topic, number, message id, content), by topic and number."""
    began: Mapping[str, int] = field(default_factory=dict)
    """Topic to the offset before its first event here; 0 where it is left out."""


@dataclass
class Verdict:
    acknowledged: int = 0
    unanswered: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    """Shown to who may not see it any more."""

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order or self.leaked)

    def __str__(self) -> str:
        counts = f"{len(self.lost)} lost / {len(self.doubled)} doubled / {len(self.out_of_order)} out of order"
        if self.leaked:
            counts += f" / {len(self.leaked)} leaked"
        kinds = (self.lost, self.doubled, self.out_of_order, self.leaked)
        examples = "".join(f"\n  {example}" for kind in kinds for example in kind[:5])
        return f"{counts} of {self.acknowledged} acknowledged, {self.unanswered} unanswered{examples}"


def check(logs: Iterable[ClientLog], stored: Stored) -> Verdict:
    """Judge a run."""
    logs = list(logs)
    acked = {ack.content for log in logs for ack in log.acks}
    verdict = Verdict(acknowledged=len(acked))
    verdict.unanswered = len({content for log in logs for _, content in log.sent} - acked)
    _check_database(stored, verdict)
    where = {(seen.topic, seen.offset): seen.content for seen in stored.events}
    rows = {id: (topic, content) for topic, _, id, content in stored.messages}
    for log in logs:
        _check_acks(log, where, rows, verdict)
        _check_sender(log, verdict)
        _check_received(log, where, verdict)
    return verdict


def _check_database(stored: Stored, verdict: Verdict) -> None:
    """Each message is there once, in the table and in the log, and the two agree on the order."""
    for content, times in Counter(content for *_, content in stored.messages).items():
        if times > 1:
            verdict.doubled.append(f"{content} stands {times} times in the table")
    for content, times in Counter(seen.content for seen in stored.events if seen.content).items():
        if times > 1:
            verdict.doubled.append(f"{content} stands {times} times in the log")
    tops = dict(stored.began)
    for seen in stored.events:
        if seen.offset != tops.get(seen.topic, 0) + 1:
            verdict.out_of_order.append(f"{seen.topic}: {seen.offset} follows {tops.get(seen.topic, 0)} in the log")
        tops[seen.topic] = seen.offset
    in_log = [(seen.topic, seen.content) for seen in stored.events if seen.content]
    in_table = [(topic, content) for topic, _, _, content in stored.messages]
    for topic in sorted({topic for topic, _ in in_log}):
        logged = [content for each, content in in_log if each == topic]
        tabled = [content for each, content in in_table if each == topic]
        if logged != tabled:
            verdict.out_of_order.append(f"{topic}: the log and the table do not agree")


def _check_acks(
    log: ClientLog, where: dict[tuple[str, int], str], rows: dict[int, tuple[str, str]], verdict: Verdict
) -> None:
    """What was acknowledged stands where the reply says, and a repeat was told the same."""
    first: dict[str, Ack] = {}
    for ack in log.acks:
        if first.setdefault(ack.content, ack) != ack:
            verdict.doubled.append(f"{log.name}: {ack.content} was answered in two ways")
        missing = []
        if where.get((ack.topic, ack.offset)) != ack.content:
            missing.append(f"in the log of {ack.topic} at {ack.offset}")
        if rows.get(ack.message_id) != (ack.topic, ack.content):
            missing.append(f"in the table as {ack.message_id}")
        if missing:
            verdict.lost.append(f"{log.name}: {ack.content} is not {', nor '.join(missing)}")


def _check_sender(log: ClientLog, verdict: Verdict) -> None:
    """What one client sent to a topic stands there in the order in which it was sent."""
    offsets = {ack.content: ack.offset for ack in log.acks}
    tops: dict[str, int] = {}
    for topic, content in log.sent:
        offset = offsets.get(content)
        if offset is None:
            continue
        if offset <= tops.get(topic, 0):
            verdict.out_of_order.append(f"{log.name}: {content} was sent later and stands earlier")
        tops[topic] = offset


def _check_received(log: ClientLog, where: dict[tuple[str, int], str], verdict: Verdict) -> None:
    """A client has seen exactly the log, from where it began to where it ended."""
    tops = dict(log.began)
    for seen in log.seen:
        key = (seen.topic, seen.offset)
        last = tops.get(seen.topic, 0)
        if seen.offset <= last:
            verdict.doubled.append(f"{log.name}: {seen.topic} {seen.offset} came again after {last}")
        elif seen.offset > last + 1 and (seen.topic, seen.offset - 1) not in log.told:
            verdict.lost.append(f"{log.name}: {seen.topic} {seen.offset} came after {last}")
        if key not in where:
            verdict.lost.append(f"{log.name} saw {seen.topic} {seen.offset}, which is not in the log")
        elif where[key] != seen.content:
            verdict.out_of_order.append(f"{log.name} saw something else at {seen.topic} {seen.offset}")
        if seen.offset >= log.barred.get(seen.topic, seen.offset + 1):
            verdict.leaked.append(f"{log.name} saw {seen.topic} {seen.offset}, and has left it")
        tops[seen.topic] = max(last, seen.offset)
    for topic, end in log.ended.items():
        if tops.get(topic, 0) < end and (topic, end) not in log.told:
            verdict.lost.append(f"{log.name} saw {topic} up to {tops.get(topic, 0)}, not {end}")


def as_seen(logs: Sequence[ClientLog]) -> Stored:
    """What the log must have been by what the clients saw of it together, where the database is out of reach.

    An acknowledged message that nobody saw is lost by it; what was there before the run is not in it.
    """
    places: dict[tuple[str, int], Seen] = {}
    for log in logs:
        for seen in log.seen:
            places.setdefault((seen.topic, seen.offset), seen)
    began: dict[str, int] = {}
    for topic, offset in places:
        began[topic] = min(began.get(topic, offset - 1), offset - 1)
    ids = {(ack.topic, ack.offset): ack.message_id for log in logs for ack in log.acks}
    events = [places[place] for place in sorted(places)]
    messages = [(e.topic, e.offset, ids.get((e.topic, e.offset), 0), e.content) for e in events if e.content]
    return Stored(events, messages, began)
