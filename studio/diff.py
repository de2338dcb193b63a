"""What changed between two snapshots, in words a developer would use."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from loom.core.engine.plan import Plan, Step, StepKind
from studio.snapshot import Model, Route, Snapshot


class ChangeKind(StrEnum):
    """What happened to the subject."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(Struct, frozen=True, kw_only=True):
    """One difference.

    Attributes:
        kind: added, removed or changed.
        subject: "route", "plan", "step", "command" or "model".
        name: the thing: `POST /users/`, `CreateUserUseCase`, `User`.
        text: the whole sentence: `CreateUserUseCase: rule 2 "email must be valid" changed`.
        plan: name of the plan to link to; "" where there is none.
        step: id of the step to link to; "" where there is none.
    """

    kind: ChangeKind
    subject: str
    name: str
    text: str
    plan: str = ""
    step: str = ""


def diff(old: Snapshot, new: Snapshot) -> tuple[Change, ...]:
    """Return every difference, routes first, then plans step by step, then models; empty where nothing changed."""
    if old.revision == new.revision and old.revision:
        return ()
    return (*_routes(old.routes, new.routes), *_plans(old.plans, new.plans), *_models(old.models, new.models))


def _routes(old: Sequence[Route], new: Sequence[Route]) -> Iterator[Change]:
    before = {f"{r.method} {r.path}": r for r in old}
    after = {f"{r.method} {r.path}": r for r in new}
    yield from _comings_and_goings("route", before, after)
    for name in before.keys() & after.keys():
        if before[name].plan != after[name].plan:
            text = f"{name} now runs {after[name].use_case}"
            yield Change(kind=ChangeKind.CHANGED, subject="route", name=name, text=text, plan=after[name].use_case)


def _plans(old: Sequence[Plan], new: Sequence[Plan]) -> Iterator[Change]:
    before, after = {p.name: p for p in old}, {p.name: p for p in new}
    yield from _comings_and_goings("plan", before, after)
    for name, plan in after.items():
        if name in before and before[name].hash != plan.hash:
            yield from _steps(before[name], plan)


def _steps(old: Plan, new: Plan) -> Iterator[Change]:
    before, after = {s.id: s for s in old.steps}, {s.id: s for s in new.steps}
    kept = {s.hash for s in old.steps} & {s.hash for s in new.steps}  # a step that only moved is no change
    for step in old.steps:
        if step.id not in after and step.hash not in kept:
            yield _step_change(ChangeKind.REMOVED, new, step)
    for step in new.steps:
        if step.hash in kept:
            continue
        kind = ChangeKind.CHANGED if step.id in before and before[step.id].hash not in kept else ChangeKind.ADDED
        yield _step_change(kind, new, step)


def _step_change(kind: ChangeKind, plan: Plan, step: Step) -> Change:
    text = f"{plan.name}: {step_words(step)} {kind}"
    return Change(
        kind=kind,
        subject="step",
        name=plan.name,
        text=text,
        plan=plan.name,
        step="" if kind is ChangeKind.REMOVED else step.id,
    )


def step_words(step: Step) -> str:
    """Return a step as a developer names it: `rule 2 "email must be valid"`, `compute subtotal`, `execute`."""
    if step.kind is StepKind.RULE:
        return f'rule {step.id.partition(":")[2]} "{step.label}"'
    if step.kind is StepKind.EXECUTE:
        return "execute"
    return f"{step.kind} {step.label}"


def _models(old: Sequence[Model], new: Sequence[Model]) -> Iterator[Change]:
    before, after = {m.name: m for m in old}, {m.name: m for m in new}
    yield from _comings_and_goings("model", before, after)
    for name in before.keys() & after.keys():
        yield from _columns(before[name], after[name])


def _columns(old: Model, new: Model) -> Iterator[Change]:
    before, after = {c.name: c for c in old.columns}, {c.name: c for c in new.columns}
    for name in [*before, *(n for n in after if n not in before)]:
        if before.get(name) != after.get(name):
            kind = _kind(name in before, name in after)
            text = f"{new.name}: column {name} {kind}"
            yield Change(kind=kind, subject="model", name=new.name, text=text)


def _comings_and_goings(subject: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    for name in [*before, *(n for n in after if n not in before)]:
        if (name in before) != (name in after):
            kind = _kind(name in before, name in after)
            plan = name if subject == "plan" and kind is ChangeKind.ADDED else ""
            yield Change(kind=kind, subject=subject, name=name, text=f"{name} {kind}", plan=plan)


def _kind(was: bool, remains: bool) -> ChangeKind:
    if was and remains:
        return ChangeKind.CHANGED
    return ChangeKind.REMOVED if was else ChangeKind.ADDED
