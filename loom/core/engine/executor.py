"""Runs an execution plan: the one way business code is run, whoever asks.

Order: bind params, build the command, loads, existence checks, computes, rules, `execute`. The outermost run that is not
read-only owns the unit of work; runs inside it join. A run that ends in any other way than by returning, cancellation
included, rolls back, and forgets what it wanted dispatched. Dispatched work starts only after the commit, when the unit
of work is closed and out of the context, so that each piece opens its own.
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from loom.core.command.base import decode_command, written_fields
from loom.core.engine.compiler import UseCaseCompiler, needs_command
from loom.core.engine.log import RunLog, label_of
from loom.core.engine.plan import ExecutionPlan, ExistsStep, LoadStep, ParamBinding
from loom.core.errors import DomainError, NotFound, RuleViolation, RuleViolations
from loom.core.job.outbox import Outbox
from loom.core.logger import LoggerPort
from loom.core.observe import EventKind, FanOut, Observer, RuntimeEvent
from loom.core.tracing import get_trace_id
from loom.core.uow import UnitOfWork, UnitOfWorkFactory
from loom.core.use_case.compute import ComputeSpec
from loom.core.use_case.markers import LookupKind, OnMissing, SourceKind

Values = Mapping[str, Any]
RepoResolver = Callable[[type[Any]], Any]

_depth: ContextVar[int] = ContextVar("loom_run_depth", default=0)
_NO_FIELDS: frozenset[str] = frozenset()
_ASK: Any = object()


class ParameterBindingError(DomainError, ValueError):
    """A supplied parameter cannot become the type `execute` declares. `field` names it."""

    status = 422

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"invalid value for parameter '{name}': expected {expected}", code="invalid_parameter")
        self.field = name


class RuntimeExecutor:
    """The executor of one application.

    Args:
        compiler: compiles on demand and keeps plans.
        uow_factory: opens units of work; None runs everything without one.
        debug_execution: log every step.
        logger: told of every run.
        metrics: observer of runs.
        repo_resolver: model -> repository, for loads and existence checks.
    """

    def __init__(
        self,
        compiler: UseCaseCompiler,
        *,
        uow_factory: UnitOfWorkFactory | None = None,
        debug_execution: bool = False,
        logger: LoggerPort | None = None,
        metrics: Observer | FanOut | None = None,
        repo_resolver: RepoResolver | None = None,
    ) -> None:
        self._compiler = compiler
        self._uow_factory = uow_factory
        self._observer = None if isinstance(metrics, FanOut) and not metrics else metrics
        self._logger = logger
        self._debug = debug_execution
        self._repo_resolver = repo_resolver
        self._outbox = Outbox()

    @property
    def outbox(self) -> Outbox:
        """Where dispatched work waits for the commit."""
        return self._outbox

    async def execute(
        self,
        instance: Any,
        *,
        params: Values | None = None,
        payload: Any = None,
        dependencies: Mapping[type[Any], Any] | None = None,
        load_overrides: Mapping[type[Any], Any] | None = None,
        read_only: bool = False,
    ) -> Any:
        """Run `instance` through its plan and return what its `execute` returns.

        Args:
            params: values of `execute`'s params by name; extra ones are ignored.
            payload: the command's fields, wire or Python names; or the command itself, already built.
            dependencies: repositories by model, before the resolver.
            load_overrides: by model, before `dependencies`: the entity its loads give (None = there is none), or a
                repository they ask.
            read_only: no unit of work, whatever the class says.

        Raises:
            ValueError: a required param or the payload is missing.
            ParameterBindingError: a param has the wrong type.
            InvalidPayload: the payload does not fit the command.
            NotFound: a load or check with `OnMissing.RAISE` found nothing.
            RuleViolations: at least one rule said no.
        """
        plan = self._compiler.compile(type(instance))
        run = _Run(self, plan, instance, params or {}, payload, dependencies, load_overrides)
        observer = self._observer if self._logger is None else self._logged(run, self._logger)
        if observer is None:
            return await self._in_transaction(run, read_only)
        return await self._observed(run, read_only, observer)

    def _logged(self, run: "_Run", logger: LoggerPort) -> FanOut:
        run.log = RunLog(logger, type(run.instance).__qualname__, steps=self._debug)
        return FanOut((run.log,) if self._observer is None else (run.log, self._observer))

    async def _observed(self, run: "_Run", read_only: bool, observer: Observer) -> Any:
        name, started = type(run.instance).__qualname__, time.perf_counter()
        observer.on_event(RuntimeEvent(EventKind.EXEC_START, name, trace_id=get_trace_id()))
        try:
            result = await self._in_transaction(run, read_only)
        except BaseException as error:
            status = "rule_failure" if isinstance(error, RuleViolations) else "failure"
            observer.on_event(_ended(EventKind.EXEC_ERROR, name, started, status, error))
            raise
        observer.on_event(_ended(EventKind.EXEC_DONE, name, started, "success"))
        return result

    async def _in_transaction(self, run: "_Run", read_only: bool) -> Any:
        if _depth.get():
            return await run.go()
        token = _depth.set(1)
        try:
            result = await self._outermost(run, read_only or run.plan.read_only)
        except BaseException:
            self._outbox.discard()
            raise
        finally:
            _depth.reset(token)
        await self._outbox.flush()
        return result

    async def _outermost(self, run: "_Run", read_only: bool) -> Any:
        if read_only or self._uow_factory is None:
            return await run.go()
        async with _Transaction(self._uow_factory.create()):
            return await run.go()

    def repository(self, model: type[Any], overrides: Mapping[type[Any], Any] | None, known: Any) -> Any:
        """Return the repository for `model`: an override, a dependency, then the resolver's."""
        for source in (overrides, known):
            if source is not None and model in source:
                return source[model]
        if self._repo_resolver is not None:
            return self._repo_resolver(model)
        if known is None:
            raise RuntimeError(f"No dependencies provided: {model.__name__} needs a repository")
        raise RuntimeError(f"No repository registered for {model.__name__}")


class _Transaction:
    """Drives a unit of work by its five methods, so that any implementation of the protocol works."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def __aenter__(self) -> None:
        await self._uow.__aenter__()

    async def __aexit__(self, *failure: Any) -> None:
        await self._uow.__aexit__(*failure)


class _Run:
    """One walk over a plan."""

    def __init__(
        self,
        executor: RuntimeExecutor,
        plan: ExecutionPlan,
        instance: Any,
        params: Values,
        payload: Any,
        dependencies: Mapping[type[Any], Any] | None,
        overrides: Mapping[type[Any], Any] | None,
    ) -> None:
        self.plan = plan
        self.instance = instance
        self._executor = executor
        self._params = params
        self._payload = payload
        self._dependencies = dependencies
        self._overrides = overrides
        self.log: RunLog | None = None
        self._fields_set = _NO_FIELDS
        self._bound: dict[str, Any] = {}

    async def go(self) -> Any:
        """Bind, load, compute, judge, execute."""
        for binding in self.plan.param_bindings:
            self._bound[binding.name] = bind_param(binding, self._params)
        self._build_command()
        for load in self.plan.load_steps:
            self._bound[load.name] = await self._load(load)
        for check in self.plan.exists_steps:
            self._bound[check.name] = await self._exists(check)
        self._compute_and_judge()
        self._say("Execute core logic")
        if self.plan.blocking:
            return await asyncio.to_thread(self.instance.execute, **self._bound)
        result = self.instance.execute(**self._bound)
        return await result if inspect.isawaitable(result) else result

    def _say(self, step: str) -> None:
        if self.log is not None:
            self.log.step(step)

    def _build_command(self) -> None:
        binding = self.plan.input_binding
        if binding is None:
            return
        if self._payload is None:
            raise ValueError(
                f"payload is required: {type(self.instance).__name__} takes a {binding.command_type.__name__}"
            )
        self._say("Bind Input")
        if isinstance(self._payload, binding.command_type):
            command, self._fields_set = self._payload, frozenset(written_fields(self._payload, creating=True))
        else:
            command, self._fields_set = decode_command(binding.command_type, self._payload)
        self._bound[binding.name] = command

    async def _load(self, step: LoadStep) -> Any:
        value, known = self._lookup(step)
        self._say(f"Load {step.entity_type.__name__}")
        if not known:
            return None
        given = self._overrides.get(step.entity_type, _ASK) if self._overrides is not None else _ASK
        entity = given if _is_entity(given, step) else await self._fetched(step, value)
        if entity is None:
            _refuse_missing(step, value)
        return entity

    async def _fetched(self, step: LoadStep, value: Any) -> Any:
        repo = self._executor.repository(step.entity_type, self._overrides, self._dependencies)
        if step.lookup_kind is LookupKind.BY_ID:
            return await repo.get_by_id(value, profile=step.profile)
        return await repo.get_by(step.against, value, profile=step.profile)

    async def _exists(self, step: ExistsStep) -> bool:
        value, known = self._lookup(step)
        self._say(f"Exists {step.entity_type.__name__}")
        if not known:
            return False
        repo = self._executor.repository(step.entity_type, None, self._dependencies)
        found = bool(await repo.exists_by(step.against, value))
        if not found:
            _refuse_missing(step, value)
        return found

    def _lookup(self, step: LoadStep | ExistsStep) -> tuple[Any, bool]:
        """Return the value to look up, and whether there is one: an absent patch field has none."""
        if step.source_kind is SourceKind.PARAM:
            return self._bound[step.source_name], True
        assert self.plan.input_binding is not None
        value = getattr(self._bound[self.plan.input_binding.name], step.source_name)
        return value, value is not None or step.source_name in self._fields_set

    def _compute_and_judge(self) -> None:
        if not (self.plan.compute_steps or self.plan.rule_steps):
            return
        binding = self.plan.input_binding
        if binding is None:
            self._refuse_without_command()
        command = None if binding is None else self._bound[binding.name]
        violations: list[RuleViolation] = []
        for step in self.plan.compute_steps:
            self._say(f"Compute {label_of(step.fn)}")
            try:
                arguments = (dict(self._bound),) if step.accepts_context else ()
                command = step.fn(command, self._fields_set, *arguments)
            except (RuleViolation, ValueError) as error:
                violations.append(_as_violation(error, step.fn))
                break
        if binding is not None:
            self._bound[binding.name] = command
        self._judge(command, violations, only_client_fields=bool(violations))
        if violations:
            raise RuleViolations(violations)

    def _refuse_without_command(self) -> None:
        functions = [s.fn for s in self.plan.compute_steps] + [s.fn for s in self.plan.rule_steps]
        if any(map(needs_command, functions)):
            name = type(self.instance).__qualname__
            raise RuntimeError(f"{name} has computes or rules over a command, but its execute has no Input()")

    def _judge(self, command: Any, violations: list[RuleViolation], *, only_client_fields: bool) -> None:
        computed = {str(s.fn.target) for s in self.plan.compute_steps if isinstance(s.fn, ComputeSpec)}
        for step in self.plan.rule_steps:
            if only_client_fields and _reads_any(step.fn, computed):
                continue
            self._say(f"Rule {label_of(step.fn)}")
            try:
                arguments = (self._bound,) if step.accepts_context else ()
                step.fn(command, self._fields_set, *arguments)
            except RuleViolation as violation:
                violations.append(violation)


def bind_param(binding: ParamBinding, params: Values) -> Any:
    """Return the value of one param: supplied and converted, or its default.

    Raises:
        ValueError: it is required and missing.
        ParameterBindingError: it cannot become the declared type.
    """
    if binding.name not in params:
        if binding.required:
            raise ValueError(f"missing required parameter '{binding.name}'")
        return binding.default
    raw, annotation = params[binding.name], binding.annotation
    if not isinstance(annotation, type) or isinstance(raw, annotation):
        return raw
    try:
        return _converted(raw, annotation)
    except (ValueError, TypeError):
        raise ParameterBindingError(binding.name, annotation.__name__) from None


def _converted(raw: Any, annotation: type[Any]) -> Any:
    """Texts are read as the type; a class msgspec knows nothing about is called with the value."""
    if annotation is str and isinstance(raw, int | float | Decimal | UUID) and not isinstance(raw, bool):
        return str(raw)
    try:
        return msgspec.convert(raw, annotation, strict=False)
    except msgspec.ValidationError:
        if not isinstance(msgspec.inspect.type_info(annotation), msgspec.inspect.CustomType):
            raise
    return annotation(raw)


def _is_entity(given: Any, step: LoadStep) -> bool:
    return given is None or isinstance(given, step.entity_type)


def _refuse_missing(step: LoadStep | ExistsStep, value: Any) -> None:
    if step.on_missing is OnMissing.RAISE:
        raise NotFound(step.entity_type.__name__, id=value)


def _as_violation(error: RuleViolation | ValueError, fn: Any) -> RuleViolation:
    if isinstance(error, RuleViolation):
        return error
    target = fn.target.leaf if isinstance(fn, ComputeSpec) else "command"
    return RuleViolation(target, str(error) or "invalid value")


def _reads_any(fn: Any, fields: set[str]) -> bool:
    sources = getattr(fn, "sources", None)
    return sources is None or any(str(ref) in fields for ref in sources)


def _ended(kind: EventKind, name: str, started: float, status: str, error: BaseException | None = None) -> RuntimeEvent:
    duration_ms = (time.perf_counter() - started) * 1000
    return RuntimeEvent(kind, name, None, duration_ms, status, error, get_trace_id())


__all__ = ["ParameterBindingError", "RuntimeExecutor", "bind_param"]
