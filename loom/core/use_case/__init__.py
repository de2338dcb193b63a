"""The language a use case is declared in, and what finds, builds and calls one: references, markers, rules, invoker."""

from loom.core.use_case.compute import Compute, ComputeFn
from loom.core.use_case.factory import UseCaseFactory
from loom.core.use_case.field_ref import F, FieldExpr, FieldRef, PredicateOp, field_ref
from loom.core.use_case.invoker import AppInvoker, ApplicationInvoker, EntityInvoker
from loom.core.use_case.keys import (
    KEY_SEPARATOR,
    CrudOp,
    get_use_case_key,
    model_entity_key,
    set_use_case_key,
    use_case_key,
)
from loom.core.use_case.markers import Exists, Input, Load, LoadById, LookupKind, OnMissing, SourceKind
from loom.core.use_case.registry import UseCaseRegistry
from loom.core.use_case.rule import Rule, RuleFn, RuleViolation, RuleViolations
from loom.core.use_case.use_case import UseCase

__all__ = [
    "KEY_SEPARATOR",
    "AppInvoker",
    "ApplicationInvoker",
    "Compute",
    "ComputeFn",
    "CrudOp",
    "EntityInvoker",
    "Exists",
    "F",
    "FieldExpr",
    "FieldRef",
    "Input",
    "Load",
    "LoadById",
    "LookupKind",
    "OnMissing",
    "PredicateOp",
    "Rule",
    "RuleFn",
    "RuleViolation",
    "RuleViolations",
    "SourceKind",
    "UseCase",
    "UseCaseFactory",
    "UseCaseRegistry",
    "field_ref",
    "get_use_case_key",
    "model_entity_key",
    "set_use_case_key",
    "use_case_key",
]
