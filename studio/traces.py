"""What was recorded, in the terminal: `loom traces` lists, `loom trace ID` tells one, the same answers as the pages."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from loom.core.target import TargetNotFound, find_target
from studio.archive.archive import Archive
from studio.archive.search import parse
from studio.archive.summary import Row
from studio.explain.overlay import overlay
from studio.explain.why import Why, why
from studio.trace import Trace
from studio.web.filters import absolute, inline, moment, plain, us

AppPath = Annotated[str, typer.Option("--app", "-a", help="directory, python file or module:attribute of the app")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document instead of text")]


def traces(
    search: Annotated[list[str] | None, typer.Argument(help="status:failed use:Name p>200ms since:15m words")] = None,
    app: AppPath = ".",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="how many at most")] = 20,
    json: AsJson = False,
) -> None:
    """List what `loom dev` recorded, newest first."""
    asked = parse(" ".join(search or ()))
    if asked.problem:
        _fail(asked.problem)
    archive = _archive(app)
    rows = archive.rows(asked, limit=limit) if archive else ()
    if json:
        _say(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        _say(_line(row))
    if not rows:
        _say("Nothing matches." if archive and archive.count() else "Nothing is recorded yet: start `loom dev`.")


def trace(
    id_: Annotated[str, typer.Argument(metavar="ID", help="of a trace, or `last`")],
    app: AppPath = ".",
    why_only: Annotated[bool, typer.Option("--why", help="only why it failed")] = False,
    json: AsJson = False,
) -> None:
    """Tell what one recorded request, job or run did, and why it failed."""
    archive = _archive(app)
    row = _row(archive, id_) if archive else None
    found = archive.trace(row.id) if archive and row else None
    if archive is None or row is None or found is None:
        _fail(f"no trace is called {id_}: `loom traces` lists them")
    elif json:
        reasons = [reason for span in _reasons(found, archive) for reason in span]
        _say(msgspec.json.encode({"trace": found, "why": reasons}).decode())
    else:
        for line in _told(row, found, archive, why_only=why_only):
            _say(line)


def _told(row: Row, found: Trace, archive: Archive, *, why_only: bool) -> Iterator[str]:
    yield _line(row)
    if not why_only:
        yield from _steps(found, archive)
    reasons = [reason for span in _reasons(found, archive) for reason in span]
    for reason in reasons:
        yield ""
        yield from _explained(reason)
    if why_only and not reasons:
        yield "" if row.said else "It went well."


def _steps(found: Trace, archive: Archive) -> Iterator[str]:
    for span in found.spans:
        plan = archive.plan(span.plan_hash) if span.plan_hash else None
        if plan is None:
            continue
        yield f"\n{span.name}  {span.outcome}  {us(span.took)}"
        for view in overlay(plan, span):
            time = us(view.run.took) if view.run else ""
            yield f"  {view.mark} {view.step.id:<24} {time:>8}  {plain(view.words)}"


def _reasons(found: Trace, archive: Archive) -> Iterator[tuple[Why, ...]]:
    for span in found.spans:
        plan = archive.plan(span.plan_hash) if span.plan_hash else None
        if plan is not None:
            yield why(found, span, plan)


def _explained(reason: Why) -> Iterator[str]:
    yield plain(reason.title)
    facts = [(given.name, f"{inline(given.value)}  from {given.origin}") for given in reason.given]
    facts += list(reason.complaints)
    facts += [("returned", inline(reason.returned))] if reason.judged else []
    facts += [("read as", reason.reading)] if reason.reading else []
    facts += [("answer", reason.answer)] if reason.answer else []
    source = reason.step.source
    facts += [("source", f"{source.file}:{source.line}")] if source else []
    for name, text in facts:
        yield f"  {plain(name):<16} {plain(text)}"


def _line(row: Row) -> str:
    what = f"{row.method} {row.path}" if row.method else row.use
    status = f" {row.status}" if row.status else ""
    said = f"  {row.said}" if row.said else ""
    return plain(f"{row.id}  {absolute(moment(row.at))}  {row.outcome}{status}  {us(row.took)}  {what}{said}")


def _row(archive: Archive, id_: str) -> Row | None:
    return next(iter(archive.rows(limit=1)), None) if id_ == "last" else archive.row(id_)


def _archive(app: str) -> Archive | None:
    try:
        file = find_target(app).root / ".loom" / "traces.db"
    except TargetNotFound as error:
        _fail(str(error))
        return None
    return Archive(Path(file)) if file.is_file() else None


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _fail(text: str) -> None:
    sys.stderr.write(text + "\n")
    raise typer.Exit(1)
