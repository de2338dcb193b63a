"""`loom traces` and `loom trace` say in the terminal what the pages say."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from studio.archive.archive import Archive
from studio.traces import trace, traces
from tests.studio_archive.test_archive import PLAN, failed, make, rejected

runner = CliRunner()


@pytest.fixture
def cli() -> typer.Typer:
    found = typer.Typer()
    found.command("traces")(traces)
    found.command("trace")(trace)
    return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three recorded requests."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.py").write_text("")
    (tmp_path / ".loom").mkdir()
    archive = Archive(tmp_path / ".loom" / "traces.db", now=lambda: 1_800_000_000.0)
    archive.keep_plans([PLAN])
    archive.add([make(0), rejected(1), failed(2)])
    archive.close()
    return tmp_path


def test_traces_are_listed_and_searched(home: Path, cli: typer.Typer) -> None:
    """Newest first; a search leaves what it asks for; a wrong one says what would be right."""
    every, some = runner.invoke(cli, ["traces"]), runner.invoke(cli, ["traces", "status:rejected"])
    wrong = runner.invoke(cli, ["traces", "stauts:1"])

    assert ["t000002", "t000001", "t000000"] == [line[:7] for line in every.stdout.splitlines()]
    assert ["t000001"] == [line[:7] for line in some.stdout.splitlines()]
    assert (1, True) == (wrong.exit_code, "did you mean 'status'?" in wrong.output)


def test_a_trace_says_why(home: Path, cli: typer.Typer) -> None:
    """The reason stands there in words, and as data."""
    told = runner.invoke(cli, ["trace", "t000001", "--why"])
    data = json.loads(runner.invoke(cli, ["trace", "t000001", "--json"]).stdout)

    assert "Rejected by rule 1: not an address" in told.stdout
    assert "Rejected by rule 1: not an address" == data["why"][0]["title"]
    assert "t000001" == data["trace"]["id"]


def test_every_step_is_told(home: Path, cli: typer.Typer) -> None:
    """Without --why the steps come with their state, those not reached included."""
    lines = runner.invoke(cli, ["trace", "t000001"]).stdout

    assert "✕ rule:1" in lines
    assert "Not reached: rule 1 said no." in lines


def test_nothing_recorded_is_no_error_and_an_unknown_id_is_one(
    tmp_path: Path, cli: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list says how to begin; a trace that is not there is exit code 1."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.py").write_text("")

    assert (0, True) == ((listed := runner.invoke(cli, ["traces"])).exit_code, "loom dev" in listed.stdout)
    assert 1 == runner.invoke(cli, ["trace", "last"]).exit_code
