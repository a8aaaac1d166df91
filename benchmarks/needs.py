"""How much so many connections need: arithmetic."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from benchmarks.costs import Costs
from benchmarks.several import Shape, Used

FULL = 0.5
"""What a core is planned for: the other half is for peaks, for a neighbour that stops, and for what the model errs."""
FILES = 10_000
"""Connections that one process is given at most: they all come back at once when it ends."""
MOST = 5_000
"""Processes that anybody would run."""


@dataclass(frozen=True)
class Profile:
    """How busy people are: a chat at its busiest hour. Change it to your own, and run the script."""

    seconds_between_messages: float = 300.0
    """Of one connection."""
    members: int = 20
    """Who are connected, of the conversation that a message goes to."""
    ephemeral: float = 2.0
    """Events that are not saved, for each message: typing, presence."""
    seconds_between_connects: float = 3600.0
    """Of one connection: phones sleep, laptops close."""
    heartbeat: float = 30.0


@dataclass(frozen=True)
class Need:
    """Of so many connections."""

    connections: int
    processes: int
    messages: float
    """A second."""
    cpu: float
    valkey: float
    postgres: float
    reached: float
    """Processes that a message comes to, on the average."""
    layer_out: float
    """Bytes a second, from Valkey to the processes."""
    rows: float
    memory: float


def need(connections: int, costs: Costs, profile: Profile, processes: int, *, together: bool = False) -> Need:
    """``together``: everybody of a conversation sits in the same process."""
    messages = connections / profile.seconds_between_messages
    events = messages * (1 + profile.ephemeral)
    # Members sit anywhere: a process is spared by a message only where none of them came to it.
    reached = 1 if together else processes * (1 - (1 - 1 / processes) ** profile.members)
    cpu = (
        processes * costs.base
        + messages * (costs.send + (processes - 1) * costs.log)
        + messages * profile.ephemeral * costs.ephemeral
        + events * profile.members * costs.delivery
        + events * (reached - 1) * costs.remote
        + connections / profile.heartbeat * costs.ephemeral
        + connections / profile.seconds_between_connects * costs.handshake
    )
    alone = processes == 1  # Then nothing needs a layer.
    return Need(
        connections,
        processes,
        messages,
        cpu,
        0 if alone else processes * costs.base_valkey + events * (costs.valkey_publish + reached * costs.valkey_pass),
        processes * costs.base_postgres + messages * (costs.postgres + (processes - 1) * costs.postgres_log),
        reached,
        0 if alone else events * reached * costs.layer_out,
        messages * costs.rows,
        processes * costs.process_bytes + connections * costs.connection_bytes,
    )


def fitting(connections: int, costs: Costs, profile: Profile, *, together: bool = False) -> Need:
    """With as few processes as there must be, and MOST where no number would do.

    More processes hear more: it is sought, not divided.
    """
    processes = max(1, ceil(connections / FILES))
    while (
        (found := need(connections, costs, profile, processes, together=together)).cpu > FULL * processes < FULL * MOST
    ):
        processes = min(MOST, max(processes + 1, int(processes * 1.02)))
    return found


def first_full(unit: Callable[[int], float]) -> int:
    """The number of connections at which a unit's use comes to ``FULL``."""
    low, high = 1, 1_000_000_000
    while high - low > max(1, low // 1000):
        middle = (low + high) // 2
        low, high = (middle, high) if unit(middle) < FULL else (low, middle)
    return low


def predicted(known: Costs, shape: Shape, messages: float) -> Used:
    """What processes take where each has members of every room, or each room has its own process."""
    reached = 1 if shape.together else shape.processes
    return Used(
        messages,
        shape.processes * known.base
        + messages * (known.send + shape.members * known.delivery)
        + messages * ((shape.processes - 1) * known.log + (reached - 1) * known.remote),
        shape.processes * known.base_valkey + messages * (known.valkey_publish + reached * known.valkey_pass),
        shape.processes * known.base_postgres
        + messages * (known.postgres + (shape.processes - 1) * known.postgres_log),
        messages * known.layer_in,
        messages * reached * known.layer_out,
        messages * known.rows,
    )
