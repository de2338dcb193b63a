"""The language a use case is declared in: references, markers, rules, computes and the base class."""

from loom.core.use_case.compute import Compute, ComputeFn
from loom.core.use_case.field_ref import F, FieldRef, PredicateOp
from loom.core.use_case.markers import Exists, Input, Load, LoadById, OnMissing
from loom.core.use_case.rule import Rule, RuleFn, RuleViolation, RuleViolations
from loom.core.use_case.use_case import UseCase

__all__ = [
    "Compute",
    "ComputeFn",
    "Exists",
    "F",
    "FieldRef",
    "Input",
    "Load",
    "LoadById",
    "OnMissing",
    "PredicateOp",
    "Rule",
    "RuleFn",
    "RuleViolation",
    "RuleViolations",
    "UseCase",
]
