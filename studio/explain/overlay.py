"""One run laid over its plan: what every step did, and for every step that did not run, why."""

import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from loom.core.engine.plan import Plan, Step, StepKind
from studio.trace import Outcome, Span, StepRun, Verdict

_PRESENT = re.compile(r"([\w.]+) is present")


class State(StrEnum):
    """How a step is painted."""

    PASS = "passed"  # noqa: S105 - no password
    FAIL = "failed"
    SKIP = "skipped"
    UNREACHED = "not reached"


class StepView(Struct, frozen=True, kw_only=True):
    """One step of a plan with what it did in a run.

    Attributes:
        words: what happened, in a sentence.
        run: None where the step did not run at all.
        mark: state in a character, for a drawing.
    """

    step: Step
    state: State
    words: str
    run: StepRun | None = None

    @property
    def mark(self) -> str:
        """The state as one character."""
        return {State.PASS: "✓", State.FAIL: "✕", State.SKIP: "↷", State.UNREACHED: "·"}[self.state]

    @property
    def took(self) -> int:
        """Microseconds; 0 where it did not run."""
        return self.run.took if self.run else 0


def overlay(plan: Plan, span: Span) -> tuple[StepView, ...]:
    """Return every step of `plan` as `span` went through it."""
    runs = {run.index: run for run in span.steps}
    stopped = _stopped_by(plan, span)
    return tuple(_view(step, runs.get(index), span, stopped) for index, step in enumerate(plan.steps))


def states(views: tuple[StepView, ...]) -> Mapping[str, StepView]:
    """Return the views by the id of their step."""
    return {view.step.id: view for view in views}


def name_of(step: Step) -> str:
    """Return what a step is called in a sentence: `rule 2`, `compute 3`, `load record`, `execute`."""
    return "execute" if step.kind is StepKind.EXECUTE else f"{step.kind} {step.id.partition(':')[2]}"


def _view(step: Step, run: StepRun | None, span: Span, stopped: str) -> StepView:
    if run is None:
        return StepView(step=step, state=State.UNREACHED, words=f"Not reached: {stopped}")
    state = {Verdict.PASS: State.PASS, Verdict.FAIL: State.FAIL, Verdict.SKIP: State.SKIP}[run.verdict]
    words = {State.PASS: _passed, State.FAIL: _failed, State.SKIP: _skipped}[state](step, run)
    return StepView(step=step, state=state, words=words, run=run)


def _passed(step: Step, run: StepRun) -> str:
    if step.kind is StepKind.EXISTS:
        return "Found one." if run.value else "Found none."
    if step.kind is StepKind.LOAD:
        return "Found." if run.value is not None else "Found nothing, and the run goes on without it."
    return {
        StepKind.PARAM: "Bound.",
        StepKind.INPUT: "Decoded.",
        StepKind.COMPUTE: "Derived.",
        StepKind.RULE: "Nothing against it.",
        StepKind.EXECUTE: "Returned.",
    }[step.kind]


def _failed(step: Step, run: StepRun) -> str:
    verb = {StepKind.RULE: "Said no", StepKind.LOAD: "Found nothing", StepKind.EXISTS: "Found nothing"}
    return f"{verb.get(step.kind, 'Failed')}: {run.reason}"


def _skipped(step: Step, run: StepRun) -> str:
    if run.reason == "absent":
        return f"Skipped: {step.reads[0] if step.reads else 'its key'} was not sent, so there is nothing to look up."
    if run.reason == "compute_failed":
        return "Skipped: it reads what a failed compute would have derived."
    if step.when and (found := _PRESENT.fullmatch(step.when)):
        return f"Skipped: {found[1]} was not sent."
    return f"Skipped: it runs when {step.when}." if step.when else "Skipped."


def _stopped_by(plan: Plan, span: Span) -> str:
    """Why the steps without a record were not reached."""
    failed = [run for run in span.steps if run.verdict is Verdict.FAIL and run.index < len(plan.steps)]
    if not failed:
        return "the run was cancelled before." if span.outcome is Outcome.CANCELLED else "the run ended before."
    step = plan.steps[failed[0].index]
    also = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    if step.kind is StepKind.RULE:
        return f"{name_of(step)}{also} said no."
    return f"{name_of(step)} stopped the run."
