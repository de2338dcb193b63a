"""What the benchmark compares and reports."""

from datetime import UTC, datetime

import pytest

from benchmarks.compare import meaning
from benchmarks.report import BEGIN, END, put_between_markers, ratios, table
from benchmarks.results import Run, Sample


def test_answers_are_equal_in_meaning_not_in_writing() -> None:
    """Key order, `1` beside `1.0` and the spelling of a moment do not count; values do."""
    one = meaning({"a": 1, "at": "2026-01-01T10:00:00Z"})

    assert one == meaning({"at": "2026-01-01T10:00:00.000000+00:00", "a": 1.0})
    assert one == meaning({"a": 1, "at": "2026-01-01T10:00:00"})
    assert one != meaning({"a": 1, "at": "2026-01-01T10:00:01"})
    assert one != meaning({"a": 2, "at": "2026-01-01T10:00:00Z"})


def test_a_clock_is_only_looked_at_where_it_was_not_just_now() -> None:
    """What a write's clock gave must be there, whatever it says."""
    early, late = {"updatedAt": "2026-01-01T10:00:00Z"}, {"updatedAt": "2026-01-02T10:00:00Z"}

    assert meaning(early, clock=False) == meaning(late, clock=False)
    assert meaning(early, clock=False) != meaning({"updatedAt": None}, clock=False)


def test_ratios_are_taken_round_by_round() -> None:
    """A round in which the machine was slow for everyone does not move the ratio."""
    run = _run([("loom_app", 0, 300.0), ("handwritten", 0, 100.0), ("loom_app", 1, 30.0), ("handwritten", 1, 10.0)])

    assert [3.0, 3.0] == ratios(run, "postgresql", "ping", 20, "loom_app", "handwritten")


def test_the_table_names_rates_ratios_and_the_machine() -> None:
    """One row per scenario; a level that was not measured has no column."""
    shown = table(_run([("loom_app", 0, 1234.0), ("handwritten", 0, 617.0), ("floor", 0, 2468.0)]))

    assert "| ping | 1,234 | 2.00 |  | 0.50 | 81 / 81 / 81 µs |" in shown
    assert "c=300" not in shown
    assert "2026-01-01, commit abc, a machine" in shown


def test_the_table_goes_between_its_markers_only() -> None:
    """What stands around the markers stays; a text without them is refused."""
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert f"before\n{BEGIN}\nnew\n{END}\nafter\n" == put_between_markers(text, "new")
    with pytest.raises(ValueError, match="benchmarks:begin"):
        put_between_markers("nothing here", "new")


def _run(rates: list[tuple[str, int, float]]) -> Run:
    return Run(
        date=datetime(2026, 1, 1, tzinfo=UTC),
        commit="abc",
        machine="a machine",
        python="3.11",
        postgresql="15",
        versions={"msgspec": "0.22"},
        seconds=1,
        rounds=2,
        samples=[_sample(*each) for each in rates],
    )


def _sample(app: str, number: int, rate: float) -> Sample:
    return Sample(
        database="postgresql",
        scenario="ping",
        app=app,
        connections=20,
        round=number,
        requests_per_s=rate,
        p50_us=1,
        p99_us=2,
        cpu_us=81.0,
        memory_mb=1.0,
        failed=0,
    )
