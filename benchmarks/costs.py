"""What things cost, as measured: from ``RESULTS.md``, and from ``model.json``, which several processes gave."""

import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.several import Shape, Used

RESULTS = Path(__file__).parent / "RESULTS.md"
MEASURED = Path(__file__).parent / "model.json"

# Each process sends equally often in all of them but the first: what a message takes depends on that.
IDLE = Shape(1, 4, 5, 0.2)
FEW = Shape(1, 4, 5, 40)
MANY = Shape(1, 4, 40, 40)
TWO = Shape(2, 4, 6, 80)
APART = Shape(2, 4, 6, 80, together=True)
FOUR = Shape(4, 6, 8, 160)
"""What the others predict."""
SHAPES = (IDLE, FEW, MANY, TWO, APART, FOUR)


class Round(msgspec.Struct):
    shape: Shape
    used: Used


class Measured(msgspec.Struct):
    """The file ``model.json``."""

    commit: str
    machine: str
    date: str
    rounds: list[Round]
    load: float | None = None
    """The machine's load average before; None where it was not noted."""

    def of(self, shape: Shape) -> list[Used]:
        return [each.used for each in self.rounds if each.shape == shape]

    def median(self, shape: Shape) -> Used:
        used = self.of(shape)
        return Used(
            **{name: statistics.median(getattr(each, name) for each in used) for name in Used.__struct_fields__}
        )


def measured() -> Measured:
    return msgspec.json.decode(MEASURED.read_bytes(), type=Measured)


@dataclass(frozen=True)
class Costs:
    """In seconds of processor, bytes and rows."""

    base: float
    """Of a process with nothing to do, a second."""
    base_valkey: float
    """For the same process, in Valkey."""
    base_postgres: float
    send: float
    """A message: from its command to its commit, its reply and its way to the layer."""
    delivery: float
    """One more member who gets a message."""
    log: float
    """A message, for each other process: all read the whole log, whoever is connected to them."""
    remote: float
    """A message that comes to a process by the layer, since a member is connected to it."""
    ephemeral: float
    """An event that is not saved, with its command."""
    handshake: float
    valkey_publish: float
    """A message that Valkey is sent."""
    valkey_pass: float
    """The same message to one process."""
    postgres: float
    """A message, in all of PostgreSQL's processes."""
    postgres_log: float
    """The same message, for each other process, which reads it in the log."""
    layer_in: float
    """Bytes of a message that Valkey is sent."""
    layer_out: float
    """Bytes of the same message to one process."""
    rows: float
    """That a message inserts and updates."""
    process_bytes: float
    connection_bytes: float


def costs(results: str, found: Measured) -> Costs:
    """The arithmetic that turns what shapes took into what one thing takes."""
    idle, few, many, two, apart = (found.median(shape) for shape in (IDLE, FEW, MANY, TWO, APART))

    def per_message(used: Used, name: str, processes: int = 1) -> float:
        """What is left of it when nothing happens is taken off."""
        taken: float = getattr(used, name) - processes * getattr(idle, name)
        return max(0.0, taken / used.messages)

    with_few, with_many = per_message(few, "cpu"), per_message(many, "cpu")
    delivery = max(0.0, (with_many - with_few) / (MANY.members - FEW.members))
    send = with_few - FEW.members * delivery
    passing = max(0.0, per_message(two, "valkey_cpu", 2) - per_message(few, "valkey_cpu"))
    postgres = per_message(few, "postgres_cpu")
    log = per_message(apart, "cpu", 2) - send - APART.members * delivery
    return Costs(
        base=idle.cpu,
        base_valkey=idle.valkey_cpu,
        base_postgres=idle.postgres_cpu,
        send=send,
        delivery=delivery,
        log=max(0.0, log),
        remote=max(0.0, per_message(two, "cpu", 2) - per_message(apart, "cpu", 2)),
        ephemeral=figure(results, "Growth", "a publish, 10,000 topics") / 1e6,
        handshake=1 / figure(results, "Handshakes", "a second"),
        valkey_publish=max(0.0, per_message(few, "valkey_cpu") - passing),
        valkey_pass=passing,
        postgres=postgres,
        postgres_log=max(0.0, per_message(apart, "postgres_cpu", 2) - postgres),
        layer_in=per_message(few, "layer_in"),
        layer_out=per_message(two, "layer_out", 2) / 2,
        rows=per_message(few, "rows"),
        process_bytes=figure(results, "Nothing is left", "MiB before") * 2**20,
        connection_bytes=figure(results, "Idle connections", "KiB each") * 2**10,
    )


def figure(results: str, title: str, column: str) -> float:
    """hubbub's median in a table of ``RESULTS.md``. Raises LookupError where there is none."""
    section = next((part for part in results.split("\n## ") if part.startswith(f"{title}\n")), "")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    for row in rows:
        number = row[0] == "hubbub" and column in rows[0] and re.match(r"[\d,.]+", row[rows[0].index(column)])
        if number:
            return float(number[0].replace(",", ""))
    raise LookupError(f"RESULTS.md has no {column!r} of hubbub below {title!r}")


def spread(used: Sequence[Used], of: Callable[[Used], float]) -> tuple[float, float, float]:
    """Median, least and most."""
    values = [of(each) for each in used]
    return statistics.median(values), min(values), max(values)
