"""The table: ratios round by round, their median, and what it was measured on.

python -m benchmarks.report benchmarks/results/full.json     # into the README, between its markers
"""

import sys
from pathlib import Path
from statistics import median

from benchmarks.results import Run, Sample, read
from benchmarks.scenarios import SCENARIOS, Scenario

BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"
README = Path(__file__).parents[1] / "README.md"
_LEVELS = (20, 100, 300)
_TITLES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def table(run: Run) -> str:
    """Return the tables of all databases, and a line that says what they were measured on."""
    parts = [_of_database(run, database) for database in _TITLES if any(s.database == database for s in run.samples)]
    return "\n\n".join([*parts, _machine(run)])


def ratios(run: Run, database: str, scenario: str, connections: int, app: str, to: str) -> list[float]:
    """Return `app`'s rate divided by `to`'s, one value for each round both were in."""
    rates = {
        (sample.app, sample.round): sample.requests_per_s
        for sample in run.samples
        if (sample.database, sample.scenario, sample.connections) == (database, scenario, connections)
    }
    numbers = sorted({number for name, number in rates if name == app})
    return [rates[app, n] / rates[to, n] for n in numbers if rates.get((to, n))]


def put_between_markers(text: str, content: str) -> str:
    """Return `text` with `content` between its markers.

    Raises:
        ValueError: it has no markers.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


def main() -> None:
    """Put the table of a run into the README."""
    README.write_text(put_between_markers(README.read_text(), table(read(Path(sys.argv[1])))))


def _of_database(run: Run, database: str) -> str:
    levels = [c for c in _LEVELS if any((s.database, s.connections) == (database, c) for s in run.samples)]
    first = levels[0]
    heads = [
        _TITLES[database],
        f"loom, requests/s at c={first}",
        *(f"times hand-written, c={level}" for level in levels),
        f"times Litestar, c={first}",
        f"of the floor, c={first}",
        "processor time per request, loom / hand-written / floor",
    ]
    lines = [f"| {' | '.join(heads)} |", "|---|" + "---|" * (len(heads) - 1)]
    present = {s.scenario for s in run.samples if s.database == database}
    lines += [f"| {' | '.join(_row(run, database, each, levels))} |" for each in SCENARIOS if each.name in present]
    return "\n".join(lines)


def _row(run: Run, database: str, scenario: Scenario, levels: list[int]) -> list[str]:
    def ratio(connections: int, to: str) -> str:
        found = ratios(run, database, scenario.name, connections, "loom_app", to)
        return f"{median(found):.2f}" if found else ""

    def cpu(app: str) -> str:
        found = [s.cpu_us for s in _samples(run, database, scenario.name, levels[0], app)]
        return f"{median(found):,.0f}" if found else "-"

    rates = [s.requests_per_s for s in _samples(run, database, scenario.name, levels[0], "loom_app")]
    return [
        scenario.title,
        f"{median(rates):,.0f}" if rates else "",
        *(ratio(level, "handwritten") for level in levels),
        ratio(levels[0], "litestar_app"),
        ratio(levels[0], "floor"),
        " / ".join(map(cpu, ("loom_app", "handwritten", "floor"))) + " µs",
    ]


def _samples(run: Run, database: str, scenario: str, connections: int, app: str) -> list[Sample]:
    wanted = (database, scenario, connections, app)
    return [s for s in run.samples if (s.database, s.scenario, s.connections, s.app) == wanted]


def _machine(run: Run) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in run.versions.items())
    database = f", PostgreSQL {run.postgresql}" if run.postgresql else ""
    return (
        f"{run.date:%Y-%m-%d}, commit {run.commit}, {run.machine}, Python {run.python}{database}; one uvicorn worker on one core, "
        f"wrk on the other; medians of {run.rounds} interleaved rounds of {run.seconds} s. {versions}."
    )


if __name__ == "__main__":
    main()
