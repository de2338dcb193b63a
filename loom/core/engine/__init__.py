"""Compiling use cases into plans, and running plans."""

from loom.core.engine.compiler import Compilable, CompilationError, UseCaseCompiler
from loom.core.engine.executor import ParameterBindingError, RuntimeExecutor
from loom.core.engine.plan import (
    ComputeStep,
    ExecutionPlan,
    ExistsStep,
    InputBinding,
    LoadStep,
    ParamBinding,
    Plan,
    RuleStep,
)
from loom.core.observe import EventKind, RuntimeEvent
from loom.core.observe import Observer as MetricsAdapter

__all__ = [
    "Compilable",
    "CompilationError",
    "ComputeStep",
    "EventKind",
    "ExecutionPlan",
    "ExistsStep",
    "InputBinding",
    "LoadStep",
    "MetricsAdapter",
    "ParamBinding",
    "ParameterBindingError",
    "Plan",
    "RuleStep",
    "RuntimeEvent",
    "RuntimeExecutor",
    "UseCaseCompiler",
]
