"""One walk over a plan: bind params, build the command, loads, existence checks, computes in order, every rule, `execute`.

Each step has a method of its own, so that a `WatchedRun` can tell what happened without there being a second walk.
"""

import asyncio
import inspect
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

import msgspec

from loom.core.command.base import decode_command, written_fields
from loom.core.engine.compiler import needs_command
from loom.core.engine.log import RunLog
from loom.core.engine.plan import ComputeStep, ExecutionPlan, ExistsStep, LoadStep, ParamBinding, RuleStep
from loom.core.errors import DomainError, NotFound, RuleViolation, RuleViolations
from loom.core.use_case.compute import ComputeSpec
from loom.core.use_case.markers import LookupKind, OnMissing, SourceKind

Values = Mapping[str, Any]
_NO_FIELDS: frozenset[str] = frozenset()
_ASK: Any = object()


class ParameterBindingError(DomainError, ValueError):
    """A supplied parameter cannot become the type `execute` declares. `field` names it."""

    status = 422

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"invalid value for parameter '{name}': expected {expected}", code="invalid_parameter")
        self.field = name


class Repositories(Protocol):
    """Finds the repository of a model."""

    def repository(self, model: type[Any], overrides: Mapping[type[Any], Any] | None, known: Any) -> Any:
        """Return the repository for `model`: an override, one of `known`, or the application's."""


class Run:
    """One walk over a plan."""

    def __init__(
        self,
        executor: Repositories,
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
        """Bind, load, compute, judge, execute; from the start each time."""
        self._bound = {}
        self._bind_params()
        self._build_command()
        for load in self.plan.load_steps:
            self._bound[load.name] = await self._load(load)
        for check in self.plan.exists_steps:
            self._bound[check.name] = await self._exists(check)
        self._compute_and_judge()
        return await self._execute()

    def _bind_params(self) -> None:
        for binding in self.plan.param_bindings:
            self._bound[binding.name] = bind_param(binding, self._params)

    async def _execute(self) -> Any:
        self._say("Execute core logic")
        if self.plan.blocking:
            return await asyncio.to_thread(self.instance.execute, **self._bound)
        result = self.instance.execute(**self._bound)
        return await result if inspect.isawaitable(result) else result

    def _say(self, what: str, of: Any = None) -> None:
        if self.log is not None:
            self.log.step(what, of)

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
        self._say("Load", step.entity_type)
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
        self._say("Exists", step.entity_type)
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
        unknown: LookupError | None = None
        for index, step in enumerate(self.plan.compute_steps):
            try:
                command = self._compute(index, step, command)
            except (RuleViolation, ValueError) as error:
                violations.append(_as_violation(error, step.fn))
                break
            except LookupError as error:  # a value no table has: a rule may say so, else it is a bug
                unknown = error
                break
        if binding is not None:
            self._bound[binding.name] = command
        self._judge(command, violations, only_client_fields=bool(violations) or unknown is not None)
        if violations:
            raise RuleViolations(violations)
        if unknown is not None:
            raise unknown

    def _compute(self, _: int, step: ComputeStep, command: Any) -> Any:
        self._say("Compute", step.fn)
        arguments = (dict(self._bound),) if step.accepts_context else ()
        return step.fn(command, self._fields_set, *arguments)

    def _refuse_without_command(self) -> None:
        functions = [s.fn for s in self.plan.compute_steps] + [s.fn for s in self.plan.rule_steps]
        if any(map(needs_command, functions)):
            name = type(self.instance).__qualname__
            raise RuntimeError(f"{name} has computes or rules over a command, but its execute has no Input()")

    def _judge(self, command: Any, violations: list[RuleViolation], *, only_client_fields: bool) -> None:
        computed = {str(s.fn.target) for s in self.plan.compute_steps if isinstance(s.fn, ComputeSpec)}
        for index, step in enumerate(self.plan.rule_steps):
            if only_client_fields and _reads_any(step.fn, computed):
                self._pass_over(index)
                continue
            try:
                self._judge_by(index, step, command)
            except RuleViolation as violation:
                violations.append(violation)

    def _judge_by(self, _: int, step: RuleStep, command: Any) -> None:
        self._say("Rule", step.fn)
        arguments = (self._bound,) if step.accepts_context else ()
        step.fn(command, self._fields_set, *arguments)

    def _pass_over(self, index: int) -> None:
        """A compute failed, and rule `index` reads what computes derive."""


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
    if annotation is Any or not isinstance(annotation, type) or isinstance(raw, annotation):
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
