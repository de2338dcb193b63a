"""What changed between two snapshots, in words a developer would use."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from loom.core.engine.plan import Plan, Step, StepKind
from studio.snapshot import Model, Route, Snapshot

T = TypeVar("T")


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


def step_words(step: Step) -> str:
    """Return a step as a developer names it: `rule 2 "email must be valid"`, `compute subtotal`, `execute`."""
    if step.kind is StepKind.RULE:
        return f'rule {step.id.partition(":")[2]} "{step.label}"'
    if step.kind is StepKind.EXECUTE:
        return "execute"
    return f"{step.kind} {step.label}"


def _routes(old: Sequence[Route], new: Sequence[Route]) -> Iterator[Change]:
    before, after = {_route_name(r): r for r in old}, {_route_name(r): r for r in new}
    for name, was, now in _pairs(before, after):
        if was is None or now is None:
            yield Change(kind=_kind(was, now), subject="route", name=name, text=f"{name} {_kind(was, now)}")
            continue
        for words in _route_words(was, now):
            text, plan = f"{name} {words}", now.use_case
            yield Change(kind=ChangeKind.CHANGED, subject="route", name=name, text=text, plan=plan)


def _route_name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _route_words(old: Route, new: Route) -> Iterator[str]:
    if old.plan != new.plan:
        yield f"now runs {new.use_case}"
    if old.status != new.status:
        yield f"now answers {new.status} instead of {old.status}"


def _plans(old: Sequence[Plan], new: Sequence[Plan]) -> Iterator[Change]:
    for _, was, now in _pairs({p.key: p for p in old}, {p.key: p for p in new}):
        if was is not None and now is not None:
            yield from _plan(was, now)
            continue
        name, kind = (now or was).name, _kind(was, now)  # type: ignore[union-attr]  # one of the two is there
        yield Change(kind=kind, subject="plan", name=name, text=f"{name} {kind}", plan=name if now else "")


def _plan(old: Plan, new: Plan) -> Iterator[Change]:
    if old.hash == new.hash and old.hash:
        return
    fields, steps = tuple(_fields(old, new)), tuple(_steps(old, new))
    yield from fields
    yield from (change for change in steps if not (fields and change.step.startswith("input:")))
    if not fields and not steps and [s.id for s in old.steps] != [s.id for s in new.steps]:
        yield Change(
            kind=ChangeKind.CHANGED,
            subject="plan",
            name=new.name,
            text=f"{new.name}: order of steps changed",
            plan=new.name,
        )


def _fields(old: Plan, new: Plan) -> Iterator[Change]:
    """Differences between the fields of the same command; another command altogether is a changed input step."""
    if old.command is None or new.command is None or old.command.name != new.command.name:
        return
    before, after = {f.name: f for f in old.command.fields}, {f.name: f for f in new.command.fields}
    for name, was, now in _pairs(before, after):
        if was != now:
            kind = _kind(was, now)
            text = f"{new.command.name}: field {name} {kind}"
            step = f"input:{new.command.param}"
            yield Change(kind=kind, subject="command", name=new.command.name, text=text, plan=new.name, step=step)


def _steps(old: Plan, new: Plan) -> Iterator[Change]:
    """Match what is equal wherever it stands (a step that only moved is no change), then by id."""
    gone, come = _unmatched(old.steps, new.steps), _unmatched(new.steps, old.steps)
    ids = {step.id for step in gone} & {step.id for step in come}
    for step in gone:
        if step.id not in ids:
            yield _step_change(ChangeKind.REMOVED, new, step)
    for step in come:
        yield _step_change(ChangeKind.CHANGED if step.id in ids else ChangeKind.ADDED, new, step)


def _unmatched(steps: Sequence[Step], others: Sequence[Step]) -> list[Step]:
    """Return those of `steps` that have no equal among `others`; each other is used up once, same id first."""
    same_place = {(step.id, step.hash) for step in others}
    rest = [step for step in steps if (step.id, step.hash) not in same_place]
    mine = {(step.id, step.hash) for step in steps}
    left = Counter(step.hash for step in others if (step.id, step.hash) not in mine)
    found = []
    for step in rest:
        if left[step.hash] > 0:
            left[step.hash] -= 1
        else:
            found.append(step)
    return found


def _step_change(kind: ChangeKind, plan: Plan, step: Step) -> Change:
    text = f"{plan.name}: {step_words(step)} {kind}"
    target = "" if kind is ChangeKind.REMOVED else step.id
    return Change(kind=kind, subject="step", name=plan.name, text=text, plan=plan.name, step=target)


def _models(old: Sequence[Model], new: Sequence[Model]) -> Iterator[Change]:
    for _, was, now in _pairs({m.key: m for m in old}, {m.key: m for m in new}):
        if was is None or now is None:
            name, kind = (now or was).name, _kind(was, now)  # type: ignore[union-attr]  # one of the two is there
            yield Change(kind=kind, subject="model", name=name, text=f"{name} {kind}")
            continue
        for part in ("column", "relation"):
            before, after = _named(was, part), _named(now, part)
            yield from _parts(now.name, part, before, after)


def _named(model: Model, part: str) -> dict[str, object]:
    return {item.name: item for item in (model.columns if part == "column" else model.relations)}


def _parts(owner: str, part: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    for name, was, now in _pairs(before, after):
        if was != now:
            text = f"{owner}: {part} {name} {_kind(was, now)}"
            yield Change(kind=_kind(was, now), subject="model", name=owner, text=text)


def _pairs(before: Mapping[str, T], after: Mapping[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    """Yield name, old and new: what is there now in its order, then what is gone."""
    for name in [*after, *(name for name in before if name not in after)]:
        yield name, before.get(name), after.get(name)


def _kind(was: object, now: object) -> ChangeKind:
    if was is None:
        return ChangeKind.ADDED
    return ChangeKind.REMOVED if now is None else ChangeKind.CHANGED
