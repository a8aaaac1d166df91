"""What came of a run, in figures."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from hubbub.bench.checker import Ack, ClientLog, Verdict
from hubbub.bench.run import Run
from hubbub.bench.stopwatch import quantile

EXAMPLES = 5


class Figures(msgspec.Struct):
    """Of one scenario. Times are in milliseconds; None where nothing was measured."""

    scenario: str
    clients: int
    acknowledged: int
    unanswered: int
    """Sends without an answer at the end: they may be there once, or not at all."""
    expected: int
    """Deliveries of acknowledged messages, one for each follower of the topic."""
    delivered: int
    lost: int
    doubled: int
    out_of_order: int
    examples: list[str]
    """Of what is wrong, in words."""
    delivery_p50: float | None
    delivery_p99: float | None
    answer_p50: float | None
    answer_p99: float | None
    resumes: int
    """How often a client came back."""
    resume_p50: float | None
    resume_p99: float | None
    resets: int
    """How often one was too far behind, and was told to begin anew: what it missed is not counted as lost."""
    repeats: int
    """Sends that were repeated."""
    refusals: dict[str, int]
    """How often connections were refused or closed, by what the server said."""
    errors: dict[str, int]
    memory_before: int | None = None
    """Bytes of the server, when the messages began."""
    memory_most: int | None = None

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order)


def figures(run: Run, verdict: Verdict) -> Figures:
    watch = run.watch
    expected, delivered = deliveries(run.logs)
    wrong = [*verdict.lost[:EXAMPLES], *verdict.doubled[:EXAMPLES], *verdict.out_of_order[:EXAMPLES]]
    return Figures(
        scenario=run.scenario.key,
        clients=run.clients,
        acknowledged=verdict.acknowledged,
        unanswered=verdict.unanswered,
        expected=expected,
        delivered=delivered,
        lost=len(verdict.lost),
        doubled=len(verdict.doubled),
        out_of_order=len(verdict.out_of_order),
        examples=[text if len(text) < 200 else f"{text[:90]} ... {text[-90:]}" for text in wrong],
        delivery_p50=_ms(watch.deliveries, 0.5),
        delivery_p99=_ms(watch.deliveries, 0.99),
        answer_p50=_ms(watch.answers, 0.5),
        answer_p99=_ms(watch.answers, 0.99),
        resumes=len(watch.resumes),
        resume_p50=_ms(watch.resumes, 0.5),
        resume_p99=_ms(watch.resumes, 0.99),
        resets=run.resets,
        repeats=run.repeats,
        refusals=dict(run.refusals),
        errors=dict(run.errors),
        memory_before=run.memory.before,
        memory_most=run.memory.most,
    )


def deliveries(logs: Iterable[ClientLog]) -> tuple[int, int]:
    """Of the acknowledged messages: how many deliveries there should have been, and how many there were."""
    logs = list(logs)
    acks: dict[str, dict[str, Ack]] = defaultdict(dict)
    for ack in (ack for log in logs for ack in log.acks):
        acks[ack.topic][ack.content] = ack
    expected = delivered = 0
    for log in logs:
        got = {seen.content for seen in log.seen}
        for topic, began in log.began.items():
            due = {content for content, ack in acks[topic].items() if ack.offset > began}
            expected += len(due)
            delivered += len(due & got)
    return expected, delivered


def _ms(seconds: Sequence[float], share: float) -> float | None:
    found = quantile(seconds, share)
    return None if found is None else round(found * 1000, 2)


def table(found: Sequence[Figures]) -> Iterator[str]:
    """A column for each scenario."""
    rows = [["", *(each.scenario for each in found)]]
    for title, cell in _ROWS:
        cells = [cell(each) for each in found]
        if any(cells):
            rows.append([title, *cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *others = (
            text.ljust(width) if number == 0 else text.rjust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *others]).rstrip()


def _percent(each: Figures) -> str:
    if not each.expected:
        return ""
    share = each.delivered / each.expected
    # Not rounded up to what it is not.
    return "100 %" if share == 1 else f"{min(share * 100, 99.99):.2f} %"


def _pair(one: float | None, other: float | None) -> str:
    return "" if one is None or other is None else f"{one:,.1f} / {other:,.1f}"


def _mib(each: Figures) -> str:
    if each.memory_before is None or each.memory_most is None:
        return ""
    return f"{each.memory_before / 2**20:,.0f} / {each.memory_most / 2**20:,.0f}"


_ROWS = (
    ("clients", lambda each: f"{each.clients:,}"),
    ("messages acknowledged", lambda each: f"{each.acknowledged:,}"),
    ("sends without an answer", lambda each: f"{each.unanswered:,}" if each.unanswered else ""),
    ("delivered", _percent),
    ("lost / doubled / out of order", lambda each: f"{each.lost} / {each.doubled} / {each.out_of_order}"),
    ("delivery, p50 / p99 ms", lambda each: _pair(each.delivery_p50, each.delivery_p99)),
    ("answer, p50 / p99 ms", lambda each: _pair(each.answer_p50, each.answer_p99)),
    ("times that a client came back", lambda each: f"{each.resumes:,}" if each.resumes else ""),
    ("back with all it missed, p50 / p99 ms", lambda each: _pair(each.resume_p50, each.resume_p99)),
    ("told to begin anew", lambda each: f"{each.resets:,}" if each.resets else ""),
    ("sends repeated", lambda each: f"{each.repeats:,}" if each.repeats else ""),
    ("server's memory, before / most MiB", _mib),
)
