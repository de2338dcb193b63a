"""The archive: what is kept, what goes, and how fast it is found."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from loom.core.engine.plan import Plan, Step, StepKind
from studio.archive.archive import Archive, Limits
from studio.archive.search import parse
from studio.trace import Body, Call, Exchange, Outcome, Span, SpanKind, StepRun, Trace, Verdict

NOW = 1_800_000_000.0
PLAN = Plan(
    name="CreateUser",
    key="app:CreateUser",
    hash="h1",
    steps=(
        Step(id="input:cmd", kind=StepKind.INPUT, label="cmd"),
        Step(id="rule:1", kind=StepKind.RULE, label="email must be valid"),
        Step(id="execute", kind=StepKind.EXECUTE, label="execute"),
    ),
)


def make(number: int, **more: object) -> Trace:
    """Return a trace of a request that created a user, `number` seconds after NOW."""
    steps = (StepRun(0, Verdict.PASS, 10, 5), StepRun(1, Verdict.PASS, 20, 5), StepRun(2, Verdict.PASS, 30, 90))
    run = Span(0, SpanKind.USE_CASE, "CreateUser", 5, 200, plan="app:CreateUser", plan_hash="h1", steps=steps)
    trace = Trace(
        id=f"t{number:06}",
        trace_id=f"x{number}",
        at=NOW + number,
        took=1000 * (number % 500),
        exchange=Exchange("POST" if number % 2 else "GET", f"/users/{number}", (), 201),
        spans=(Span(-1, SpanKind.REQUEST, "POST", 0, 300), run),
        calls=(Call(1, 2, 40, 50, "INSERT"),) * (number % 20),
    )
    return replace(trace, **more)


def rejected(number: int) -> Trace:
    """Return a trace that rule 1 ended."""
    trace = make(number)
    steps = (StepRun(0, Verdict.PASS, 10, 5), StepRun(1, Verdict.FAIL, 20, 5, "not an address"))
    run = replace(trace.spans[1], outcome=Outcome.REJECTED, error="RuleViolations", steps=steps)
    exchange = Exchange("POST", "/users/", (), 422)
    return replace(trace, exchange=exchange, spans=(trace.spans[0], run))


def failed(number: int, *, age: float = 0.0) -> Trace:
    """Return a trace that an exception ended."""
    trace = make(number)
    run = replace(trace.spans[1], outcome=Outcome.FAILED, error="OSError", message="disk full", steps=())
    return replace(trace, at=NOW - age, exchange=Exchange("GET", "/disk", (), 500), spans=(trace.spans[0], run))


@pytest.fixture
def archive() -> Iterator[Archive]:
    found = Archive(now=lambda: NOW)
    found.keep_plans([PLAN])
    yield found
    found.close()


def found(archive: Archive, query: str) -> list[str]:
    return [row.id for row in archive.rows(parse(query, now=NOW))]


def test_a_trace_comes_back_as_it_was(archive: Archive) -> None:
    """What is read is what was added."""
    trace = make(1, exchange=Exchange("GET", "/", (), 200, (), Body(3, "text/plain", "مرحبا 🧵")))
    archive.add([trace])

    assert trace == archive.trace(trace.id)
    assert archive.trace("t999999") is None


def test_the_same_trace_is_kept_once(archive: Archive) -> None:
    """Adding again changes nothing."""
    archive.add([make(1), make(1)])

    assert 1 == archive.count()


def test_a_row_says_what_happened(archive: Archive) -> None:
    """The words name rule and complaint; the plan's label and the complaint are both searchable."""
    archive.add([rejected(1), failed(2)])

    assert ["OSError: disk full", "Rejected by rule 1: not an address"] == [row.said for row in archive.rows()]
    assert ["t000001"] == found(archive, 'rule:"email must be valid"') == found(archive, 'rule:"not an address"')


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["t000003", "t000002", "t000001", "t000000"]),
        ("status:422", ["t000001"]),
        ("status:4xx", ["t000001"]),
        ("status:rejected", ["t000001"]),
        ("status:failed", ["t000002"]),
        ("status:ok", ["t000003", "t000000"]),
        ("status>=422", ["t000002", "t000001"]),
        ("use:createuser status:ok", ["t000003", "t000000"]),
        ("use:Create", ["t000003", "t000002", "t000001", "t000000"]),
        ("use:User", []),
        ("method:post -status:rejected", ["t000003"]),
        ("path:/disk", ["t000002"]),
        ("sql>2", ["t000003"]),
        ("sql:1", ["t000001"]),
        ("p>=3ms", ["t000003"]),
        ("p<1500us", ["t000001", "t000000"]),
        ("since:15m", ["t000003", "t000002", "t000001", "t000000"]),
        ("trace:x3", ["t000003"]),
        ("disk", ["t000002"]),
        ("DISK -full", []),
        ("%", []),
        ("'; DROP TABLE traces; --", []),
    ],
)
def test_the_search_language(archive: Archive, query: str, ids: list[str]) -> None:
    """Each qualifier finds what it names, terms add up, text is never read as SQL or as a pattern."""
    archive.add([make(0), rejected(1), failed(2), make(3)])

    assert ids == found(archive, query)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("stauts:failed", "did you mean 'status'?"),
        ("status:filed", "did you mean 'failed'?"),
        ("p>abc", "try p>200ms"),
        ("p:200", "try p>200ms"),
        ("sql>many", "is no count"),
        ("since:soon", "try since:15m"),
        ("use:", "needs a value"),
    ],
)
def test_what_cannot_be_read_is_said(query: str, words: str) -> None:
    """A wrong term is named with what would be right."""
    assert words in parse(query).problem


def test_the_oldest_go_beyond_the_count() -> None:
    """Of twelve the newest ten stay, bodies and runs with them."""
    archive = Archive(limits=Limits(count=10), now=lambda: NOW)
    archive.add(make(number) for number in range(12))

    assert 10 == archive.count() == len(archive.runs("app:CreateUser"))
    assert archive.trace("t000001") is None
    archive.close()


def test_the_oldest_go_beyond_the_bytes() -> None:
    """What is kept stays below the limit."""
    noise = "".join(chr(0x4E00 + (i * 7919) % 20000) for i in range(3000))
    archive = Archive(limits=Limits(bytes=60_000), now=lambda: NOW)
    for number in range(30):
        exchange = Exchange("GET", "/", (), 200, (), Body(1, "", f"{number}{noise}"))
        archive.add([make(number, exchange=exchange)])
        assert archive._bytes <= 60_000 + 20_000

    assert 0 < archive.count() < 30
    assert "t000029" == archive.rows(limit=1)[0].id
    archive.close()


def test_what_is_older_than_the_age_goes() -> None:
    """A day's limit leaves what is younger than a day."""
    archive = Archive(limits=Limits(age_s=86_400), now=lambda: NOW)
    archive.add([failed(1, age=90_000), failed(2, age=1_000)])

    assert ["t000002"] == [row.id for row in archive.rows()]
    archive.close()


def test_a_file_is_for_its_owner_and_outlives_the_archive(tmp_path: Path) -> None:
    """Mode 0600; traces and plans are there after reopening."""
    file = tmp_path / "traces.db"
    first = Archive(file, now=lambda: NOW)
    first.keep_plans([PLAN])
    first.add([rejected(1)])
    first.close()
    second = Archive(file, now=lambda: NOW)

    assert 0o600 == file.stat().st_mode & 0o777
    assert PLAN == second.plan("h1")
    assert ["t000001"] == [row.id for row in second.rows()]
    second.close()


def test_plans_that_nothing_ran_are_forgotten(tmp_path: Path) -> None:
    """Reopening leaves the plans of kept runs, so that years of edits do not pile up."""
    first = Archive(tmp_path / "traces.db", now=lambda: NOW)
    first.keep_plans([PLAN, replace(PLAN, hash="edited"), replace(PLAN, hash="again")])
    first.add([make(1)])
    first.close()
    second = Archive(tmp_path / "traces.db", now=lambda: NOW)

    assert (PLAN, None) == (second.plan("h1"), second.plan("edited"))
    second.close()


@pytest.mark.parametrize("content", [b"this is no database" * 100, b""])
def test_a_broken_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    """What cannot be read is replaced, not a reason to fail."""
    file = tmp_path / "traces.db"
    file.write_bytes(content)
    archive = Archive(file, now=lambda: NOW)
    archive.add([make(1)])

    assert 1 == archive.count()
    archive.close()


def test_troubles_are_grouped(archive: Archive) -> None:
    """Equal failures are one line with their number; what went well is none."""
    archive.add([failed(1, age=60), failed(2, age=30), make(3)])
    (trouble,) = archive.troubles(since=NOW - 3600)

    assert (2, "OSError: disk full", "t000002") == (trouble.count, trouble.said, trouble.id)


@pytest.mark.slow
def test_any_list_of_fifty_thousand_comes_within_a_tenth_of_a_second(tmp_path: Path) -> None:
    """50,000 traces on disk: each kind of list, its total included, in under 100 ms."""
    archive = Archive(tmp_path / "traces.db", now=lambda: NOW)
    archive.keep_plans([PLAN])
    for start in range(0, 50_000, 5_000):
        archive.add(rejected(n) if n % 50 == 0 else make(n) for n in range(start, start + 5_000))
    slow: dict[str, float] = {}
    for query in ("", "status:rejected", "use:CreateUser sql>18", 'rule:"email must be valid"', "p>498ms", "nothing"):
        best = min(_timed(archive, query) for _ in range(3))
        slow |= {query: best} if best > 0.1 else {}

    assert 50_000 == archive.count()
    assert {} == slow
    archive.close()


def _timed(archive: Archive, query: str) -> float:
    began = time.perf_counter()
    search = parse(query)
    archive.rows(search)
    archive.count(search)
    return time.perf_counter() - began
