"""Writes the data form of an execution plan: every step in words, with what it reads, writes and answers, and its hash."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import NODEFAULT, Struct, structs

from loom.core.command.base import FieldShape, command_shape
from loom.core.engine.plan import (
    CommandField,
    CommandShape,
    ExecutionPlan,
    ExistsStep,
    LoadStep,
    ParamBinding,
    Plan,
    PlanKind,
    Source,
    Step,
    StepKind,
)
from loom.core.engine.source import behaviour, digest, short_lambda, source_of
from loom.core.engine.typenames import type_name
from loom.core.use_case.compute import ComputeSpec
from loom.core.use_case.field_ref import FieldRef
from loom.core.use_case.markers import OnMissing, SourceKind
from loom.core.use_case.rule import RuleKind, RuleSpec
from loom.core.use_case.use_case import main_model

_BLANK = re.compile(r"[_\s]+")


class PlanWriter:
    """Turns one `ExecutionPlan` into its `Plan`."""

    def __init__(self, plan: ExecutionPlan) -> None:
        self._plan = plan
        self._cls = plan.use_case_type
        self._input = plan.input_binding.name if plan.input_binding else ""

    def write(self) -> Plan:
        """Return the plan as data, every step hashed."""
        steps = tuple(_hashed(step, extra) for step, extra in self._steps())
        is_job = getattr(self._cls, "__loom_kind__", "") == "job"
        model = main_model(self._cls)
        return Plan(
            name=self._cls.__name__,
            key=f"{self._cls.__module__}:{self._cls.__qualname__}",
            kind=PlanKind.JOB if is_job else PlanKind.USE_CASE,
            doc=_first_paragraph(self._cls),
            model=model.__name__ if model else "",
            command=self._command(),
            returns="" if self._plan.returns is Any else type_name(self._plan.returns),
            read_only=self._plan.read_only,
            queue=getattr(self._cls, "__queue__", "") if is_job else "",
            steps=steps,
            source=source_of(self._cls),
            hash=digest(*(step.hash for step in steps)),
        )

    def _steps(self) -> Iterator[tuple[Step, str]]:
        yield from ((self._param(p), "") for p in self._plan.param_bindings)
        if self._plan.input_binding:
            yield self._input_step(), ""
        yield from ((self._load(s), "") for s in self._plan.load_steps)
        yield from ((self._exists(s), "") for s in self._plan.exists_steps)
        for index, compute in enumerate(self._plan.compute_steps, 1):
            yield self._compute(index, compute.fn), _code(compute.fn)
        for index, rule in enumerate(self._plan.rule_steps, 1):
            yield self._rule(index, rule.fn), _code(rule.fn)
        yield self._execute(), behaviour(self._cls.execute)

    def _param(self, binding: ParamBinding) -> Step:
        default = "" if binding.required else repr(binding.default)
        kind = type_name(binding.annotation)
        return Step(
            id=f"param:{binding.name}",
            kind=StepKind.PARAM,
            label=binding.name,
            detail=f"{kind} = {default}" if default else kind,
            writes=(binding.name,),
            on_failure="422 wrong type" if binding.required else "",
            attrs={
                "type": kind,
                "required": "yes" if binding.required else "no",
                **({"default": default} if default else {}),
            },
        )

    def _input_step(self) -> Step:
        command = self._command()
        fields = command.fields if command else ()
        return Step(
            id=f"input:{self._input}",
            kind=StepKind.INPUT,
            label=self._input,
            detail=command.name if command else "",
            writes=(
                self._input,
                *(f"{self._input}.{f.name}" for f in fields if not f.marker or f.marker == "patch"),
            ),
            on_failure="422 field by field",
            attrs={f.name: f"{f.type}{' ' + f.marker if f.marker else ''}" for f in fields},
        )

    def _load(self, step: LoadStep) -> Step:
        entity = step.entity_type.__name__
        return Step(
            id=f"load:{step.name}",
            kind=StepKind.LOAD,
            label=step.name,
            detail=f"{entity} where {step.against} = {self._lookup(step)}",
            reads=(self._lookup(step),),
            writes=(step.name,),
            on_failure=f"404 {entity} not found" if step.on_missing is OnMissing.RAISE else "",
            attrs={
                "entity": entity,
                "against": step.against,
                "profile": step.profile,
                "on missing": step.on_missing,
            },
        )

    def _exists(self, step: ExistsStep) -> Step:
        entity = step.entity_type.__name__
        return Step(
            id=f"exists:{step.name}",
            kind=StepKind.EXISTS,
            label=step.name,
            detail=f"any {entity} where {step.against} = {self._lookup(step)}",
            reads=(self._lookup(step),),
            writes=(step.name,),
            on_failure=f"404 {entity} not found" if step.on_missing is OnMissing.RAISE else "",
            attrs={"entity": entity, "against": step.against, "on missing": step.on_missing},
        )

    def _lookup(self, step: LoadStep | ExistsStep) -> str:
        return self._field(step.source_name) if step.source_kind is SourceKind.COMMAND else step.source_name

    def _compute(self, index: int, fn: Any) -> Step:
        identity = f"compute:{index}"
        if not isinstance(fn, ComputeSpec):
            return Step(
                id=identity,
                kind=StepKind.COMPUTE,
                label=_words(fn),
                reads=(self._input,),
                writes=(self._input,),
                source=source_of(fn),
            )
        reads = (*(self._ref(r) for r in fn.sources), *fn.params) or (self._input,)
        return Step(
            id=identity,
            kind=StepKind.COMPUTE,
            label=str(fn.target),
            detail=_formula(fn, reads),
            reads=reads,
            writes=(self._ref(fn.target),),
            when=_when(fn),
            source=source_of(fn.via) if fn.via else None,
        )

    def _rule(self, index: int, fn: Any) -> Step:
        identity = f"rule:{index}"
        if not isinstance(fn, RuleSpec):
            return Step(
                id=identity,
                kind=StepKind.RULE,
                label=_words(fn),
                reads=self._command_read(),
                on_failure="422",
                source=source_of(fn),
            )
        refs = fn.targets if fn.kind is RuleKind.REQUIRE_PRESENT else (fn.sources or ())
        source = source_of(fn.via) if fn.via else None
        field = fn.violation_field or (
            self._plan.input_binding.command_type.__name__ if self._plan.input_binding else ""
        )
        return Step(
            id=identity,
            kind=StepKind.RULE,
            label=_rule_label(fn, source),
            detail=fn.kind.replace("_", " "),
            reads=(*(self._ref(r) for r in refs), *fn.params) or self._command_read(),
            when=_when(fn),
            on_failure=f"422 {field}",
            attrs={"field": field, **({"message": fn.message} if fn.message else {})},
            source=source,
        )

    def _execute(self) -> Step:
        reads = [p.name for p in self._plan.param_bindings]
        reads += [self._input] if self._input else []
        reads += [s.name for s in self._plan.load_steps] + [s.name for s in self._plan.exists_steps]
        return Step(
            id="execute",
            kind=StepKind.EXECUTE,
            label="execute",
            detail="" if self._plan.returns is Any else type_name(self._plan.returns),
            reads=tuple(reads),
            attrs={"transaction": "none, read only" if self._plan.read_only else "one unit of work"},
            source=source_of(self._cls.execute),
        )

    def _command(self) -> CommandShape | None:
        binding = self._plan.input_binding
        if binding is None:
            return None
        return CommandShape(
            name=binding.command_type.__name__,
            param=binding.name,
            fields=tuple(_fields(binding.command_type)),
        )

    def _command_read(self) -> tuple[str, ...]:
        return (self._input,) if self._input else ()

    def _ref(self, ref: FieldRef) -> str:
        return self._field(str(ref))

    def _field(self, path: str) -> str:
        return f"{self._input}.{path}" if path else self._input


def _hashed(step: Step, code: str) -> Step:
    parts = (
        step.kind,
        step.label,
        step.detail,
        *step.reads,
        "|",
        *step.writes,
        step.when or "",
        step.on_failure,
    )
    attrs = (f"{k}={v}" for k, v in sorted(step.attrs.items()))
    return structs.replace(step, hash=digest(*parts, *attrs, code))


def _code(fn: Any) -> str:
    evaluator: Callable[..., Any] | None = fn.via if isinstance(fn, RuleSpec | ComputeSpec) else fn
    return behaviour(evaluator) if evaluator is not None else ""


def _fields(command: type[Any]) -> Iterator[CommandField]:
    if not issubclass(command, Struct):
        return
    for field in command_shape(command).values():
        yield CommandField(
            name=field.name,
            wire=field.wire,
            type=_written_type(field),
            required=field.required,
            marker=_marker(field),
            default="" if field.default is NODEFAULT else repr(field.default),
        )


def _written_type(field: FieldShape) -> str:
    text = type_name(field.annotation)
    if field.marker is not None and field.marker.hidden:
        return text.removesuffix(" | None")
    return text


def _marker(field: FieldShape) -> str:
    if field.marker is None:
        return ""
    flags = {
        "patch": field.marker.patch,
        "internal": field.marker.internal,
        "computed": field.marker.calculated,
    }
    return next((name for name, is_set in flags.items() if is_set), "")


def _when(fn: RuleSpec | ComputeSpec) -> str | None:
    return None if fn.predicate is None else f"{fn.predicate} is present"


def _formula(fn: ComputeSpec, reads: tuple[str, ...]) -> str:
    if fn.via is None:
        return f"copy of {reads[0]}"
    return short_lambda(source_of(fn.via)) or f"{getattr(fn.via, '__name__', 'via')}({', '.join(reads)})"


def _rule_label(fn: RuleSpec, source: Source | None) -> str:
    if fn.message:
        return fn.message
    if fn.via is None:
        return f"{fn.targets[0].leaf} is required"
    return short_lambda(source) or _words(fn.via)


def _words(fn: Any) -> str:
    """`_email_must_be_valid` -> `email must be valid`."""
    name = getattr(fn, "__name__", None) or type(fn).__name__
    return _BLANK.sub(" ", name).strip()


def _first_paragraph(cls: type[Any]) -> str:
    doc = vars(cls).get("__doc__") or ""
    return " ".join(doc.strip().partition("\n\n")[0].split())
