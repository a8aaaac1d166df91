"""What stands in ``RESULTS.md``: medians with their spread, and ratios of runs in the same round."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import kept
from benchmarks.results import Outcome, judge, table, verdict_table
from benchmarks.servers import BUN, HUBBUB, Server
from benchmarks.workloads.base import Claim, Column, Figures, Workload


class Example(Workload):
    key = "example"
    title = "Example"
    text = ""
    columns = (Column("rate", "messages"), Column("share", "busy", ".0%"))
    claims = (Claim("of Bun", ("hubbub", "rate"), ("bun", "rate"), at_least=0.7),)

    def servers(self, quick: bool) -> Sequence[Server]:
        return (HUBBUB, BUN)

    def measure(self, server: Server, folder: Path, quick: bool) -> Figures:
        raise NotImplementedError


@pytest.fixture
def outcome() -> Outcome:
    # Bun's run failed in the second round: the third is still compared with the third.
    runs: dict[str, list[Figures]] = {
        "hubbub": [{"rate": 800, "share": 0.5}, {"rate": 400}, {"rate": 700}],
        "bun": [{"rate": 1000}, {}, {"rate": 875}],
    }
    return Outcome(Example(), (HUBBUB, BUN), runs)


def test_a_cell_is_a_median_with_its_spread_and_failures_are_said(outcome: Outcome) -> None:
    assert list(table(outcome))[2:] == [
        "| hubbub | 700 (400 to 800) | 50% |",
        "| Bun publish (1 of its runs failed) | 938 (875 to 1,000) |  |",
    ]


def test_ratios_are_of_the_same_round(outcome: Outcome) -> None:
    verdict = judge(Example.claims[0], outcome)
    assert verdict is not None
    assert (verdict.found, verdict.spread, verdict.holds) == (0.8, (0.8, 0.8), True)
    assert list(verdict_table([outcome]))[-1] == "| Example | of Bun | ≥ 0.7 × | 0.8 × (0.8 to 0.8) | yes |"


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        (Claim("", ("hubbub", "rate"), ("bun", "rate"), at_least=0.81), False),
        (Claim("", ("hubbub", "rate"), ("bun", "rate"), at_most=0.79), False),
        (Claim("", ("hubbub", "rate"), at_most=700), True),
        (Claim("", ("hubbub", "rate"), at_most=699), False),
    ],
)
def test_bounds_bind(claim: Claim, holds: bool, outcome: Outcome) -> None:
    verdict = judge(claim, outcome)
    assert verdict is not None and verdict.holds is holds


def test_what_was_not_measured_is_not_judged(outcome: Outcome) -> None:
    assert judge(Claim("", ("hubbub", "rate"), ("ws", "rate"), at_least=1), outcome) is None


def test_what_was_measured_is_kept_for_its_commit_and_servers(
    outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.home.HOME", tmp_path)
    monkeypatch.setattr("benchmarks.kept.commit", lambda: "1f2e")
    outcome.seconds, outcome.load = 61.5, 0.7
    kept.keep(outcome)
    assert kept.recall(outcome.workload, (HUBBUB, BUN)) == outcome
    assert kept.recall(outcome.workload, (HUBBUB,)) is None
    monkeypatch.setattr("benchmarks.kept.commit", lambda: "3a4b")
    assert kept.recall(outcome.workload, (HUBBUB, BUN)) is None


def test_what_nobody_could_measure_again_is_not_kept(
    outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes that are in no commit, and some of the servers only."""
    monkeypatch.setattr("benchmarks.home.HOME", tmp_path)
    monkeypatch.setattr("benchmarks.kept.commit", lambda: f"1f2e{kept.CHANGED}")
    kept.keep(outcome)
    monkeypatch.setattr("benchmarks.kept.commit", lambda: "1f2e")
    outcome.servers = (HUBBUB,)
    kept.keep(outcome)
    assert not list(tmp_path.rglob("*.json"))
