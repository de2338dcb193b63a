"""What the palette finds: pages, use cases and jobs, routes and steps, ranked. Pure."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from msgspec import Struct

from loom.core.engine.plan import PlanKind
from studio.snapshot import Snapshot

SHOWN = 40


class Entry(Struct, frozen=True, kw_only=True):
    """One thing to go to: its kind in a word, its name, where it is, and one more line to match."""

    kind: str
    text: str
    href: str
    hint: str = ""


class FoundView(Struct, frozen=True, kw_only=True):
    """What was asked and the best matches."""

    query: str
    entries: tuple[Entry, ...]


def find(query: str, pages: Sequence[tuple[str, str]], snapshot: Snapshot | None) -> FoundView:
    """Return the best matches: every word occurs; those in the name before those in the hint."""
    words = query.lower().split()
    ranked = [(rank, entry) for entry in _entries(pages, snapshot) if (rank := _rank(entry, words)) is not None]
    ranked.sort(key=lambda pair: pair[0])
    return FoundView(query=query[:200], entries=tuple(entry for _, entry in ranked[:SHOWN]))


def step_href(plan: str, step: str = "") -> str:
    """Return the address of a plan or of one of its steps."""
    return f"/plans/{quote(plan)}" + (f"?step={quote(step)}" if step else "")


def _rank(entry: Entry, words: Sequence[str]) -> int | None:
    """Return 0 for the start of the name, 1 inside it, 2 in the hint; None where a word is missing."""
    name, everything = entry.text.lower(), f"{entry.kind} {entry.text} {entry.hint}".lower()
    if not words or (name.startswith(words[0]) and all(word in name for word in words)):
        return 0
    if all(word in name for word in words):
        return 1
    return 2 if all(word in everything for word in words) else None


def _entries(pages: Sequence[tuple[str, str]], snapshot: Snapshot | None) -> Iterator[Entry]:
    for title, href in pages:
        yield Entry(kind="page", text=title, href=href)
    if snapshot is None:
        return
    for plan in snapshot.plans:
        kind = "job" if plan.kind is PlanKind.JOB else "use case"
        yield Entry(kind=kind, text=plan.name, href=step_href(plan.name), hint=plan.doc)
    for route in snapshot.routes:
        text = f"{route.method} {route.path}"
        yield Entry(kind="route", text=text, href=step_href(route.use_case), hint=route.use_case)
    for plan in snapshot.plans:
        for step in plan.steps:
            yield Entry(kind=step.kind, text=step.label, href=step_href(plan.name, step.id), hint=plan.name)
