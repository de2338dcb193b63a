"""Turns a use case or job class into an `ExecutionPlan`, once, and says everything that is wrong with it at once."""

import inspect
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from msgspec import Struct

from loom.core.annotations import resolve_annotation
from loom.core.command.base import command_shape
from loom.core.engine.describe import PlanWriter
from loom.core.engine.log import CompileLog
from loom.core.engine.plan import (
    ComputeStep,
    ExecutionPlan,
    ExistsStep,
    InputBinding,
    LoadStep,
    ParamBinding,
    RuleStep,
)
from loom.core.engine.source import attribute_line, source_of
from loom.core.engine.typenames import type_name
from loom.core.errors import Diagnostic, DiagnosticError, did_you_mean
from loom.core.logger import LoggerPort
from loom.core.observe import EventKind, FanOut, Observer, RuntimeEvent
from loom.core.tracing import get_trace_id
from loom.core.use_case.compute import ComputeSpec
from loom.core.use_case.field_ref import FieldRef, refs_in
from loom.core.use_case.markers import (
    ExistsMarker,
    InputMarker,
    LoadByIdMarker,
    LoadMarker,
    LookupKind,
    SourceKind,
)
from loom.core.use_case.rule import RuleSpec, accepts_context

_MARKERS = (InputMarker, LoadByIdMarker, LoadMarker, ExistsMarker)


class Compilable(Protocol):
    """What the compiler takes: a use case, a job, or any class of this shape."""

    __execution_plan__: Any
    computes: Any
    rules: Any

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work."""


class CompilationError(DiagnosticError):
    """Everything wrong with one or more use cases; `diagnostics` has file, line, place and hint of each."""

    def __init__(self, diagnostics: list[Diagnostic] | tuple[Diagnostic, ...]) -> None:
        super().__init__(diagnostics, code="compilation_error")


class UseCaseCompiler:
    """Compiles classes and keeps their plans: the same class gives the same plan object.

    Args:
        logger: told what is found in each class; a plan that is known already is not mentioned.
        metrics: observer of `COMPILE_START` and `COMPILE_DONE`, for the same classes.
    """

    def __init__(self, logger: LoggerPort | None = None, metrics: Observer | None = None) -> None:
        self._logger = logger
        self._observer = FanOut((metrics,) if metrics is not None else ())
        self._plans: dict[type[Any], ExecutionPlan] = {}

    def compile(self, cls: type[Any]) -> ExecutionPlan:
        """Return the plan of `cls`.

        Raises:
            CompilationError: with every problem of the class.
        """
        known = self._plans.get(cls)
        if known is not None:
            return known
        name, started = cls.__qualname__, time.perf_counter() if self._observer else 0.0
        log = None if self._logger is None else CompileLog(self._logger, name)
        self._observer.on_event(RuntimeEvent(EventKind.COMPILE_START, name, trace_id=get_trace_id()))
        plan = self._drafted(cls)
        self._plans[cls] = plan
        cls.__execution_plan__ = plan
        if log is not None:
            log.built(plan)
        if self._observer:
            duration_ms = (time.perf_counter() - started) * 1000
            event = RuntimeEvent(EventKind.COMPILE_DONE, name, duration_ms=duration_ms, trace_id=get_trace_id())
            self._observer.on_event(event)
        return plan

    def _drafted(self, cls: type[Any]) -> ExecutionPlan:
        draft = _Draft(cls)
        plan = draft.plan()
        if draft.problems:
            raise CompilationError(draft.problems)
        return plan

    def compile_all(self, classes: Iterable[type[Any]]) -> list[Diagnostic]:
        """Compile each of `classes` and return every problem of all of them; empty where all compiled."""
        problems: list[Diagnostic] = []
        for cls in classes:
            try:
                self.compile(cls)
            except CompilationError as error:
                problems.extend(error.diagnostics)
        return problems

    def get_plan(self, cls: type[Any]) -> ExecutionPlan | None:
        """Return the plan of exactly `cls`, if compiled here."""
        return self._plans.get(cls)

    @property
    def plans(self) -> tuple[ExecutionPlan, ...]:
        """Every plan compiled here, in order."""
        return tuple(self._plans.values())


class _Draft:
    """One class on its way to a plan."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls
        self.problems: list[Diagnostic] = []
        self._execute: Any = getattr(cls, "execute", None)
        self._annotations: dict[str, Any] = {}

    def plan(self) -> ExecutionPlan:
        if not self._overrides_execute():
            self._problem("no_execute", f"{self.cls.__name__} must override execute", "execute")
            return ExecutionPlan(self.cls)
        function = inspect.unwrap(self._execute)
        markers, params = self._signature(function)
        binding = self._input_binding(markers)
        plan = ExecutionPlan(
            use_case_type=self.cls,
            param_bindings=params,
            input_binding=binding,
            load_steps=tuple(self._loads(markers, params, binding)),
            exists_steps=tuple(self._exists(markers, params, binding)),
            compute_steps=tuple(ComputeStep(fn, accepts_context(fn)) for fn in self.cls.computes),
            rule_steps=tuple(RuleStep(fn, accepts_context(fn)) for fn in self.cls.rules),
            read_only=bool(getattr(self.cls, "read_only", False)),
            returns=self._type_of("return"),
            blocking=kind_of(self.cls) == "job" and not inspect.iscoroutinefunction(function),
        )
        self._check_references(plan)
        return plan if self.problems else replace(plan, plan=PlanWriter(plan).write())

    def _overrides_execute(self) -> bool:
        return callable(self._execute) and not getattr(self._execute, "__isabstractmethod__", False)

    def _signature(self, function: Any) -> tuple[dict[str, Any], tuple[ParamBinding, ...]]:
        names = {self.cls.__name__: self.cls, **_closure_names(function)}
        for name, annotation in function.__annotations__.items():
            self._annotations[name] = resolve_annotation(annotation, function.__module__, names)
        markers: dict[str, Any] = {}
        params: list[ParamBinding] = []
        for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if isinstance(parameter.default, _MARKERS):
                markers[name] = parameter.default
            else:
                default = ... if parameter.default is parameter.empty else parameter.default
                params.append(ParamBinding(name, self._type_of(name), default))
        return markers, tuple(params)

    def _type_of(self, name: str) -> Any:
        annotation = self._annotations.get(name, Any)
        return Any if isinstance(annotation, str) else annotation

    def _input_binding(self, markers: Mapping[str, Any]) -> InputBinding | None:
        inputs = [name for name, marker in markers.items() if isinstance(marker, InputMarker)]
        if len(inputs) > 1:
            self._problem("two_inputs", f"only one Input() is allowed, found {', '.join(inputs)}", "execute")
        if not inputs:
            return None
        command = self._annotations.get(inputs[0])
        if not callable(getattr(command, "from_payload", None)):
            self._problem(
                "not_a_command",
                f"the type of {inputs[0]!r} ({type_name(command)}) must implement from_payload",
                f"execute({inputs[0]})",
                "derive it from loom.core.command.Command",
            )
            return None
        return InputBinding(inputs[0], command)  # type: ignore[arg-type]  # checked for from_payload just above

    def _loads(
        self, markers: Mapping[str, Any], params: tuple[ParamBinding, ...], binding: InputBinding | None
    ) -> Iterator[LoadStep]:
        for name, marker in markers.items():
            if isinstance(marker, LoadByIdMarker):
                self._check_param(name, marker.by, params)
                yield LoadStep(
                    name,
                    marker.entity_type,
                    SourceKind.PARAM,
                    marker.by,
                    LookupKind.BY_ID,
                    "id",
                    marker.profile,
                    marker.on_missing,
                )
            elif isinstance(marker, LoadMarker):
                self._check_source(name, marker, params, binding)
                yield LoadStep(
                    name,
                    marker.entity_type,
                    marker.from_kind,
                    marker.from_name,
                    LookupKind.BY_FIELD,
                    marker.against,
                    marker.profile,
                    marker.on_missing,
                )

    def _exists(
        self, markers: Mapping[str, Any], params: tuple[ParamBinding, ...], binding: InputBinding | None
    ) -> Iterator[ExistsStep]:
        for name, marker in markers.items():
            if isinstance(marker, ExistsMarker):
                self._check_source(name, marker, params, binding)
                yield ExistsStep(
                    name,
                    marker.entity_type,
                    marker.from_kind,
                    marker.from_name,
                    marker.against,
                    marker.on_missing,
                )

    def _check_source(
        self,
        name: str,
        marker: LoadMarker | ExistsMarker,
        params: tuple[ParamBinding, ...],
        binding: InputBinding | None,
    ) -> None:
        self._check_column(name, marker.entity_type, marker.against)
        if marker.from_kind is SourceKind.PARAM:
            self._check_param(name, marker.from_name, params)
        elif binding is None:
            self._problem(
                "no_input",
                f"from_command={marker.from_name!r} needs an Input() parameter",
                f"execute({name})",
            )
        else:
            self._check_field(marker.from_name, binding, f"execute({name})")

    def _check_param(self, name: str, source: str, params: tuple[ParamBinding, ...]) -> None:
        known = [p.name for p in params]
        if source not in known:
            self._problem(
                "unknown_param",
                f"parameter {source!r} not found in execute",
                f"execute({name})",
                did_you_mean(source, known),
            )

    def _check_column(self, name: str, entity: type[Any], against: str) -> None:
        known = list(getattr(entity, "__struct_fields__", ()))
        if known and against not in known:
            self._problem(
                "unknown_column",
                f"{entity.__name__} has no field {against!r}",
                f"execute({name})",
                did_you_mean(against, known),
            )

    def _check_field(self, field: str, binding: InputBinding, where: str) -> None:
        command = binding.command_type
        if issubclass(command, Struct):
            known = list(command_shape(command))
            if field not in known:
                self._problem(
                    "unknown_field",
                    f"{command.__name__} has no field {field!r}",
                    where,
                    did_you_mean(field, known),
                )

    def _check_references(self, plan: ExecutionPlan) -> None:
        names = {*self._bound_names(plan)}
        if plan.input_binding is None and not self._takes_anything():
            self._check_no_command(plan)
        for index, compute in enumerate(plan.compute_steps):
            self._check_step(compute.fn, f"computes[{index}]", plan.input_binding, names)
        for index, rule in enumerate(plan.rule_steps):
            self._check_step(rule.fn, f"rules[{index}]", plan.input_binding, names)

    def _takes_anything(self) -> bool:
        """Whether `execute` has `**kwargs`: a class made to be derived from; what it lacks is said when it is run."""
        parameters = inspect.signature(inspect.unwrap(self._execute)).parameters.values()
        return any(p.kind is p.VAR_KEYWORD for p in parameters)

    def _check_no_command(self, plan: ExecutionPlan) -> None:
        declared = {"computes": [s.fn for s in plan.compute_steps], "rules": [s.fn for s in plan.rule_steps]}
        for where, functions in declared.items():
            if any(map(needs_command, functions)):
                text = f"{where} work on a command, but execute has no Input() parameter"
                self._problem("rules_without_input", text, where)

    def _check_step(self, fn: Any, where: str, binding: InputBinding | None, names: set[str]) -> None:
        if not isinstance(fn, RuleSpec | ComputeSpec):
            return
        if binding is not None:
            self._check_fields(fn, where, binding)
        for name in fn.params:
            if name not in names:
                self._problem(
                    "unknown_argument",
                    f"from_params({name!r}) names no argument of execute",
                    where,
                    did_you_mean(name, names),
                )

    def _check_fields(self, fn: RuleSpec | ComputeSpec, where: str, binding: InputBinding) -> None:
        for ref in references(fn):
            if ref.path and isinstance(ref.root, type) and issubclass(binding.command_type, ref.root):
                self._check_field(ref.path[0], binding, where)

    def _bound_names(self, plan: ExecutionPlan) -> Iterator[str]:
        steps: tuple[Any, ...] = (*plan.param_bindings, *plan.load_steps, *plan.exists_steps)
        yield from (step.name for step in steps)
        if plan.input_binding:
            yield plan.input_binding.name

    def _problem(self, code: str, message: str, where: str, hint: str = "") -> None:
        source = source_of(self.cls)
        self.problems.append(
            Diagnostic(
                code=code,
                message=message,
                file=source.file if source else "",
                line=attribute_line(self.cls, where.partition("[")[0].partition("(")[0]),
                where=f"{self.cls.__name__} > {where}",
                hint=hint,
            )
        )


def references(fn: RuleSpec | ComputeSpec) -> tuple[FieldRef, ...]:
    """Return every field reference a declared step mentions, sources first, each once."""
    if isinstance(fn, ComputeSpec):
        mentioned = (*fn.sources, fn.target, *refs_in(fn.predicate))
    else:
        mentioned = (*(fn.sources or ()), *fn.targets, *refs_in(fn.predicate))
    return tuple(dict.fromkeys(mentioned))


def needs_command(fn: Any) -> bool:
    """Return whether a compute or rule makes no sense without a command: all but rules over `from_params` alone."""
    return not (isinstance(fn, RuleSpec) and fn.params and not references(fn))


def kind_of(cls: type[Any]) -> str:
    """Return what was declared: "use_case", "job", ... or "" for any other class."""
    return getattr(cls, "__loom_kind__", "")


def _closure_names(function: Any) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    names = {}
    for name, cell in cells:
        try:
            names[name] = cell.cell_contents
        except ValueError:
            continue
    return names
