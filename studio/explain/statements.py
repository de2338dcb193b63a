"""The SQL of a trace, by step: what the plan declares, what the code asked for, and what nobody expected."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Any

from msgspec import Struct

from loom.core.engine.plan import Plan, Step, StepKind
from studio.explain.overlay import name_of
from studio.trace import Call, Trace

REPEATED = 3
"""From so many equal statements on, one step has an N+1."""


class Expected(StrEnum):
    """Whether a statement was to be expected."""

    DECLARED = "declared"
    """A load or check of the plan issues it."""
    CODE = "in execute"
    """The code of `execute` asks for it."""
    SURPRISE = "surprise"
    """Repeated, or asked for where nothing should be."""
    OTHER = "transaction"
    """Outside any step."""


class Shape(Struct, frozen=True, kw_only=True):
    """Equal statements of one step.

    Attributes:
        took: microseconds, together.
        parameters: of the first of them.
        repeated: True where this is an N+1.
    """

    statement: str
    count: int
    took: int
    rows: int
    parameters: Any
    file: str
    line: int
    function: str
    error: str
    repeated: bool


class Group(Struct, frozen=True, kw_only=True):
    """The statements of one step of one run; `note` says what is surprising about them."""

    title: str
    run: str
    lane: str
    expected: Expected
    shapes: tuple[Shape, ...]
    note: str = ""

    @property
    def count(self) -> int:
        """How many statements."""
        return sum(shape.count for shape in self.shapes)

    @property
    def took(self) -> int:
        """Microseconds, together."""
        return sum(shape.took for shape in self.shapes)


def group(trace: Trace, plan_of: Callable[[str], Plan | None]) -> tuple[Group, ...]:
    """Return the statements of `trace` in the order their steps came; `plan_of` finds a plan by its hash."""
    keyed = sorted(trace.calls, key=lambda call: (call.span, call.step))
    groups = [_group(trace, span, step, list(calls), plan_of) for (span, step), calls in groupby(keyed, key=_key)]
    first = {_key(call): call.at for call in reversed(trace.calls)}
    order = sorted(zip([key for key, _ in groupby(keyed, key=_key)], groups, strict=True), key=lambda x: first[x[0]])
    return tuple(found for _, found in order)


def surprises(groups: Sequence[Group]) -> int:
    """Return how many groups hold what was not to be expected."""
    return sum(found.expected is Expected.SURPRISE for found in groups)


def _key(call: Call) -> tuple[int, int]:
    return call.span, call.step


def _group(trace: Trace, span: int, index: int, calls: list[Call], plan_of: Callable[[str], Plan | None]) -> Group:
    owner = trace.spans[span] if 0 <= span < len(trace.spans) else None
    plan = plan_of(owner.plan_hash) if owner and owner.plan_hash else None
    step = plan.steps[index] if plan and 0 <= index < len(plan.steps) else None
    shapes = _shapes(calls, step)
    expected, note = _expectation(step, shapes)
    return Group(
        title=name_of(step) if step else "outside any step",
        run=owner.name if owner else "",
        lane=step.lane if step else "",
        expected=expected,
        shapes=shapes,
        note=note,
    )


def _shapes(calls: list[Call], step: Step | None) -> tuple[Shape, ...]:
    by_text: dict[str, list[Call]] = {}
    for call in calls:
        by_text.setdefault(call.statement, []).append(call)
    in_execute = step is not None and step.kind is StepKind.EXECUTE
    return tuple(_shape(same, in_execute) for same in by_text.values())


def _shape(same: list[Call], in_execute: bool) -> Shape:
    placed = next((call for call in same if call.file), same[0])
    known = [call.rows for call in same if call.rows >= 0]
    return Shape(
        statement=same[0].statement,
        count=len(same),
        took=sum(call.took for call in same),
        rows=sum(known) if known else -1,
        parameters=same[0].parameters,
        file=placed.file,
        line=placed.line,
        function=placed.function,
        error=next((call.error for call in same if call.error), ""),
        repeated=in_execute and len(same) >= REPEATED,
    )


def _expectation(step: Step | None, shapes: Sequence[Shape]) -> tuple[Expected, str]:
    if step is None:
        return Expected.OTHER, ""
    if step.kind in {StepKind.LOAD, StepKind.EXISTS}:
        return Expected.DECLARED, ""
    if step.kind is not StepKind.EXECUTE:
        return Expected.SURPRISE, f"{step.kind}s are meant to be pure: they should read what loads have fetched."
    worst = max((shape for shape in shapes if shape.repeated), key=lambda shape: shape.count, default=None)
    if worst is None:
        return Expected.CODE, ""
    return Expected.SURPRISE, f"N+1: the same statement ran {worst.count} times. One query could fetch them all."
