"""The command of a run at any of its steps: recorded once before the computes, then rebuilt from what each one set."""

from typing import Any

from msgspec import Struct

from loom.core.engine.plan import Plan, StepKind
from studio.trace import Span, Verdict


class FieldView(Struct, frozen=True, kw_only=True):
    """One field of the command: as it was sent, as it is at the moment; `changed` by the very step looked at."""

    name: str
    first: Any
    now: Any
    changed: bool = False
    derived: bool = False


class Moment(Struct, frozen=True, kw_only=True):
    """The command once a step is over.

    Attributes:
        fields: those that computes derive, then those that were sent.
        place, of: `place` of `of` computes are over.
        before, after: ids of the steps to go to; "" at either end.
    """

    fields: tuple[FieldView, ...]
    place: int
    of: int
    before: str = ""
    after: str = ""


def command_at(plan: Plan, span: Span, index: int) -> dict[str, Any] | None:
    """Return the command once step `index` is over; None where none was recorded or the step comes before it."""
    command: dict[str, Any] | None = None
    for run in span.steps:
        if run.index > index or run.verdict is not Verdict.PASS or run.index >= len(plan.steps):
            continue
        kind = plan.steps[run.index].kind
        if kind is StepKind.INPUT and isinstance(run.value, dict):
            command = dict(run.value)
        elif kind is StepKind.COMPUTE and command is not None and isinstance(run.value, dict):
            command |= run.value
    return command


def moment_at(plan: Plan, span: Span, index: int) -> Moment | None:
    """Return the moment after step `index`; None where the run has no command by then."""
    now = command_at(plan, span, index)
    computes = [i for i, step in enumerate(plan.steps) if step.kind is StepKind.COMPUTE]
    if now is None:
        return None
    derived = [name for i in computes for name in _set_by(span, i)]
    start = next(i for i, step in enumerate(plan.steps) if step.kind is StepKind.INPUT)
    first, previous = command_at(plan, span, start) or {}, command_at(plan, span, index - 1) or {}
    is_compute = plan.steps[index].kind is StepKind.COMPUTE
    fields = tuple(
        FieldView(
            name=name,
            first=first.get(name),
            now=value,
            changed=is_compute and name in _set_by(span, index) and previous.get(name) != value,
            derived=first.get(name) != value,
        )
        for name, value in sorted(now.items(), key=lambda item: item[0] not in derived)
    )
    stops = [start, *computes]
    at = max((place for place, i in enumerate(stops) if i <= index), default=0)
    return Moment(
        fields=fields,
        place=at,
        of=len(computes),
        before=plan.steps[stops[at - 1]].id if at > 0 else "",
        after=plan.steps[stops[at + 1]].id if at + 1 < len(stops) else "",
    )


def _set_by(span: Span, index: int) -> dict[str, Any]:
    found = next((run.value for run in span.steps if run.index == index), None)
    return found if isinstance(found, dict) else {}
