"""The model test: whatever happens in whatever order, the promise holds; and each deliberate bug is found."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from hubbub.testing import FakeClock
from tests.contracts import databases
from tests.model.device import Violation
from tests.model.faults import FAULTS, Fault
from tests.model.machine import Machine
from tests.model.process import all_by_the_seed
from tests.model.world import make_people
from tests.stores import sqlite_only

pytestmark = [pytest.mark.slow, sqlite_only]

STEPS = 50


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """In memory where there is such a place: each commit waits for the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="hubbub-model-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def template(folder: Path, django_db_blocker: Any) -> Path:
    with django_db_blocker.unblock(), all_by_the_seed(FakeClock(), 0):
        file = databases.sqlite_template(folder)
        with databases.standing_in(databases.sqlite_settings(file)):
            make_people()
        databases.checkpoint(file)
    return file


@pytest.fixture
def machine(template: Path, folder: Path, django_db_blocker: Any) -> Iterator[type[Machine]]:
    with django_db_blocker.unblock():
        yield type("Machine", (Machine,), {"template": template, "folder": folder, "traces": []})


def budget(examples: int, *phases: Phase, by_seed: bool = False) -> settings:
    """The same steps in every run, or those of the machine's seed: CI is to say the same twice."""
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        derandomize=not by_seed,
        database=None,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        phases=phases or (Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def run(machine: type[Machine], examples: int, *phases: Phase, seed: int | None = None) -> None:
    began = time.monotonic()
    if seed is not None:
        hypothesis.seed(seed)(machine)
    run_state_machine_as_test(machine, settings=budget(examples, *phases, by_seed=seed is not None))
    lines = sum(len(trace) for trace in machine.traces)
    print(f"{len(machine.traces)} runs, {lines} frames, {time.monotonic() - began:.1f} s: nothing broken")


def test_the_promise_holds(machine: type[Machine]) -> None:
    """ACK-1, ACK-2, EVT-2, SUB-1, SUB-2, SUB-4, CHT-5, CHT-9"""
    run(machine, 30)


@pytest.mark.long
def test_the_promise_holds_for_long(machine: type[Machine]) -> None:
    """ACK-1, ACK-2, EVT-2, SUB-1, SUB-2, SUB-4, CHT-5, CHT-9"""
    run(machine, 2000)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 31))
def test_random_seeds(machine: type[Machine], seed: int) -> None:
    """ACK-1, ACK-2, EVT-2, SUB-1, SUB-2, SUB-4, CHT-5, CHT-9"""
    run(machine, 150, seed=seed)


def test_joined_while_the_inbox_is_read(machine: type[Machine]) -> None:
    """CHT-6: what is in the list is followed, and the client is told from where on."""
    steps = machine()
    steps.begin(seed=0, recent_bytes=32_000_000)
    steps.part(user="ben", away=False, itself=False)
    steps.join(user="ben", away=False)
    steps.settle()
    steps.teardown()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_deliberate_bug_is_found(machine: type[Machine], fault: Fault) -> None:
    """ACK-1, ACK-2, EVT-2, CHT-9"""
    machine.writer = fault.writer
    with fault.patched(), pytest.raises(Violation, match=fault.found_as) as found:
        run(machine, 100, Phase.generate)
    print(f"{fault.name}: found in run {len(machine.traces)}: {found.value}")


def test_a_seed_replays(machine: type[Machine]) -> None:
    """The same steps lead to the same frames, to the byte."""
    run(machine, 5, Phase.generate)
    first, machine.traces = machine.traces, []
    run(machine, 5, Phase.generate)
    differing = [
        pair for one, other in zip(first, machine.traces, strict=True) for pair in zip(one, other, strict=False)
    ]
    assert [(one, other) for one, other in differing if one != other][:1] == []
    assert machine.traces == first
    assert sum(len(trace) for trace in first) > 100
    print("sha256", hashlib.sha256(repr(first).encode()).hexdigest())
