"""What compiling and running say to a logger. Where none is given nothing is said, and nothing is paid.

The words in brackets are stable: `[BOOT]`, `[EXEC]`, `[STEP]`, `[RULE]`, `[DONE]`, `[FAIL]`.
"""

from collections.abc import Callable, Iterator
from typing import Any

from loom.core.engine.plan import ExecutionPlan
from loom.core.errors import RuleViolations
from loom.core.logger import LoggerPort
from loom.core.observe import EventKind, RuntimeEvent
from loom.core.tracing import get_trace_id
from loom.core.use_case.compute import ComputeSpec
from loom.core.use_case.markers import LookupKind
from loom.core.use_case.rule import RuleSpec


def traced(logger: LoggerPort) -> LoggerPort:
    """Return `logger` bound to the trace id of the context, or as it is where there is none."""
    trace_id = get_trace_id()
    return logger if trace_id is None else logger.bind(trace_id=trace_id)


class CompileLog:
    """Says what becomes of one class."""

    def __init__(self, logger: LoggerPort, name: str) -> None:
        self._port = traced(logger)
        self._name = name
        self._say(f"Compiling UseCase: {name}")

    def built(self, plan: ExecutionPlan) -> None:
        """Say what was found, and how many steps that makes."""
        for line in _findings(plan):
            self._say(line)

    def _say(self, text: str) -> None:
        self._port.info(f"[BOOT] {text}", usecase=self._name)


class RunLog:
    """The observer of one run that writes it down; it binds the trace id once, when it is made.

    Args:
        steps: say each step too.
    """

    def __init__(self, logger: LoggerPort, name: str, *, steps: bool = False) -> None:
        self._port = traced(logger)
        self._name = name
        self._steps = steps

    def step(self, what: str, of: Any = None) -> None:
        """Say that a step is about to run; `of` is its entity or its function."""
        if self._steps:
            text = what if of is None else f"{what} {label_of(of)}"
            self._port.info(f"[STEP] {text}", usecase=self._name)

    def on_event(self, event: RuntimeEvent) -> None:
        """Say that the run starts, or how it ended."""
        if event.kind is EventKind.EXEC_START:
            self._port.info(f"[EXEC] {self._name}", usecase=self._name)
        elif event.kind is EventKind.EXEC_DONE:
            duration = round(event.duration_ms or 0.0, 3)
            text = f"[DONE] {duration:.1f}ms"
            self._port.info(text, usecase=self._name, duration_ms=duration, status=event.status)
        elif event.kind is EventKind.EXEC_ERROR:
            self._failed(event)

    def _failed(self, event: RuntimeEvent) -> None:
        error = event.error
        say: Callable[..., None] = self._port.error
        if isinstance(error, RuleViolations):
            say = self._port.warning
            for violation in error.violations:
                say(f"[RULE] {violation}", usecase=self._name, field=violation.field)
        say(f"[FAIL] {self._name}", usecase=self._name, status=event.status, error=str(error))


def label_of(fn: Any) -> str:
    """Return a short name of a compute, a rule or an entity."""
    if isinstance(fn, ComputeSpec):
        return str(fn.target)
    if isinstance(fn, RuleSpec):
        return fn.message or fn.violation_field or str(fn.kind)
    return str(getattr(fn, "__name__", None) or type(fn).__name__)


def _findings(plan: ExecutionPlan) -> Iterator[str]:
    if plan.input_binding is not None:
        yield f"Detected Input: {plan.input_binding.command_type.__name__}"
    for load in plan.load_steps:
        marker = "LoadById" if load.lookup_kind is LookupKind.BY_ID else "Load"
        yield f"Detected {marker}: {load.entity_type.__name__} by {load.source_name}"
    for check in plan.exists_steps:
        yield f"Detected Exists: {check.entity_type.__name__} by {check.source_name}"
    if plan.compute_steps:
        yield f"Validated {len(plan.compute_steps)} compute steps"
    if plan.rule_steps:
        yield f"Validated {len(plan.rule_steps)} rules"
    total = sum(map(len, (plan.load_steps, plan.exists_steps, plan.compute_steps, plan.rule_steps)))
    yield f"ExecutionPlan built ({total} steps)"
