"""The tables of ``model.md`` are current, and its arithmetic is right."""

from dataclasses import replace

import pytest

from benchmarks.costs import RESULTS, Costs, costs, figure, measured
from benchmarks.model import PAGE, rendered
from benchmarks.needs import FILES, FULL, MOST, Profile, first_full, fitting, need, predicted
from benchmarks.several import Shape

ONE = Costs(
    base=0.01, base_valkey=0.001, base_postgres=0.002, send=300e-6, delivery=10e-6, log=20e-6, remote=50e-6,
    ephemeral=40e-6, handshake=400e-6, valkey_publish=10e-6, valkey_pass=5e-6, postgres=500e-6, postgres_log=100e-6,
    layer_in=500, layer_out=450, rows=4.5, process_bytes=80e6, connection_bytes=7000,
)  # fmt: skip


def test_the_tables_are_current() -> None:
    page = PAGE.read_text()
    assert rendered(page, RESULTS.read_text(), measured()) == page, "run python -m benchmarks.model"


def test_every_cost_was_found() -> None:
    found = costs(RESULTS.read_text(), measured())
    # The other figures are differences of two measurements, and may vanish in their noise.
    for name in (
        "base",
        "send",
        "ephemeral",
        "handshake",
        "postgres",
        "layer_in",
        "layer_out",
        "rows",
        "process_bytes",
    ):
        assert getattr(found, name) > 0, f"{name}: measure again, with python -m benchmarks.model --measure"


def test_a_figure_that_is_not_there_is_missed() -> None:
    assert figure(RESULTS.read_text(), "Idle connections", "KiB each") > 1
    with pytest.raises(LookupError, match="Idle connections"):
        figure(RESULTS.read_text(), "Idle connections", "GiB each")


def test_one_process_by_hand() -> None:
    found = need(3000, ONE, Profile(), 1)
    assert found.messages == 10 and found.reached == 1 and found.valkey == found.layer_out == 0
    # 10 messages and 20 other events, each to 20 members; 100 heartbeats; a connection in 1.2 seconds.
    cpu = 0.01 + 10 * 300e-6 + 20 * 40e-6 + 30 * 20 * 10e-6 + 100 * 40e-6 + 3000 / 3600 * 400e-6
    assert found.cpu == pytest.approx(cpu)
    assert found.rows == 45


def test_a_message_reaches_no_more_processes_than_it_has_members() -> None:
    for processes in (1, 2, 10, 1000):
        reached = need(100_000, ONE, Profile(), processes).reached
        assert 1 <= reached <= min(processes, Profile().members)
    assert need(100_000, ONE, Profile(), 1000).reached > 19


@pytest.mark.parametrize("connections", [100, 10_000, 100_000, 1_000_000])
def test_what_fits_is_half_busy_and_one_less_would_not_be(connections: int) -> None:
    found = fitting(connections, ONE, Profile())
    assert found.cpu <= FULL * found.processes
    if found.processes > connections / FILES + 1:
        fewer = int(found.processes / 1.05) - 1
        assert fewer < 1 or need(connections, ONE, Profile(), fewer).cpu > FULL * fewer


def test_what_no_number_of_processes_can_do_is_said() -> None:
    hopeless = fitting(1_000_000, replace(ONE, log=1.0), Profile())
    assert hopeless.processes == MOST and hopeless.cpu > FULL * hopeless.processes


def test_the_first_that_is_full() -> None:
    assert first_full(lambda connections: connections / 1000) == pytest.approx(500, abs=2)


def test_a_prediction_by_hand() -> None:
    assert need(100_000, ONE, Profile(), 20, together=True).reached == 1
    told = predicted(ONE, Shape(4, 6, 24, 80), 80)
    assert told.cpu == pytest.approx(4 * 0.01 + 80 * (300e-6 + 24 * 10e-6 + 3 * 70e-6))
    assert told.layer_out == 80 * 4 * 450
    assert told.postgres_cpu == pytest.approx(4 * 0.002 + 80 * (500e-6 + 3 * 100e-6))
    assert told.valkey_cpu == pytest.approx(4 * 0.001 + 80 * (10e-6 + 4 * 5e-6))
    apart = predicted(ONE, Shape(4, 6, 24, 80, together=True), 80)
    assert apart.cpu == pytest.approx(4 * 0.01 + 80 * (300e-6 + 24 * 10e-6 + 3 * 20e-6))
    alone = predicted(replace(ONE, remote=0), Shape(1, 6, 24, 80), 80)
    assert alone.cpu == pytest.approx(0.01 + 80 * (300e-6 + 24 * 10e-6))
