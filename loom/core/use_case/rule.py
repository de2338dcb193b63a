"""Rules: declarative judgements over a command. Every rule runs; every violation is reported together."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from loom.core.errors import RuleViolation, RuleViolations
from loom.core.use_case.field_ref import FieldRef, Predicate, is_present, value_of

__all__ = ["Rule", "RuleFn", "RuleSpec", "RuleViolation", "RuleViolations"]

RuleFn = Callable[..., Any]
"""`fn(command, fields_set[, context])`; says no by raising `RuleViolation`."""


class RuleKind(StrEnum):
    """How a rule was declared."""

    CHECK = "check"
    FORBID = "forbid"
    REQUIRE_PRESENT = "require_present"


@dataclass(frozen=True)
class RuleSpec:
    """A declared rule: immutable, chainable, callable as `(command, fields_set, context=None)`.

    Attributes:
        kind: how it was declared.
        via: the evaluator; None for `require_present`.
        targets: references of `check` or `require_present`.
        message: text for a plain `True`.
        sources: references whose values come first; None = `(command, fields_set)`.
        params: names whose context values come last.
        predicate: runs only where this holds.
        field: explicit violation field of `require_present`.
    """

    kind: RuleKind
    via: RuleFn | None = None
    targets: tuple[FieldRef, ...] = ()
    message: str | None = None
    sources: tuple[FieldRef, ...] | None = None
    params: tuple[str, ...] = ()
    predicate: Predicate | None = None
    field: str | None = None

    def from_command(self, *refs: FieldRef) -> "RuleSpec":
        """Feed the evaluator the values of exactly `refs`, or the whole command and its fields set."""
        self._only_for_evaluators("from_command")
        return replace(self, sources=refs or None)

    def from_params(self, *names: str) -> "RuleSpec":
        """Append the values of these `execute` arguments; accumulates.

        Raises:
            ValueError: no name is given.
        """
        self._only_for_evaluators("from_params")
        if not names:
            raise ValueError("from_params needs at least one name")
        return replace(self, params=(*self.params, *names))

    def when_present(self, predicate: Predicate) -> "RuleSpec":
        """Skip the rule unless `predicate` holds; replaces an earlier one."""
        return replace(self, predicate=predicate)

    @property
    def violation_field(self) -> str | None:
        """The field a violation names; None where only the command's class can be blamed."""
        if self.field is not None:
            return self.field
        candidates = [ref.leaf for ref in (*self.targets, *(self.sources or ()))] + list(self.params)
        if isinstance(self.predicate, FieldRef):
            candidates.append(self.predicate.leaf)
        return next((name for name in candidates if name), None)

    @property
    def accepts_context(self) -> bool:
        """Whether it needs the run's other arguments."""
        return bool(self.params)

    def applies(self, command: Any, fields_set: frozenset[str]) -> bool:
        """Return whether the rule runs for this command."""
        return self.predicate is None or is_present(self.predicate, command, fields_set)

    def __call__(self, command: Any, fields_set: frozenset[str], context: Mapping[str, Any] | None = None) -> None:
        """Judge `command`.

        Raises:
            RuleViolation: the rule says no.
            ValueError: `from_params` is used and the runtime context lacks a name.
        """
        if not self.applies(command, fields_set):
            return
        if self.via is None:
            self._require_present(command, fields_set)
            return
        self.heed(self.via(*self.inputs(command, fields_set, context)), command)

    def heed(self, verdict: Any, command: Any) -> None:
        """Read what the evaluator returned: a violation or a text is the complaint, exactly True means bad.

        Raises:
            RuleViolation: it says no.
        """
        if isinstance(verdict, RuleViolation):
            raise verdict
        if isinstance(verdict, str):
            raise RuleViolation(self._blame(command), verdict)
        if verdict is True:
            raise RuleViolation(self._blame(command), self.message or "Rule check failed")

    def _require_present(self, command: Any, fields_set: frozenset[str]) -> None:
        if not is_present(self.targets[0], command, fields_set):
            leaf = self.targets[0].leaf
            raise RuleViolation(self.field or leaf, self.message or f"{leaf} is required")

    def inputs(self, command: Any, fields_set: frozenset[str], context: Mapping[str, Any] | None) -> tuple[Any, ...]:
        """Return what the evaluator is called with."""
        extra = context_values(self.params, context)
        if self.sources is None or not self._takes_sources:
            return (command, fields_set, *extra)
        return (*(value_of(ref, command) for ref in self.sources), *extra)

    @cached_property
    def _takes_sources(self) -> bool:
        """Whether the evaluator can be called with the sources' values; read from its signature once."""
        return _binds(self.via, len(self.sources or ()) + len(self.params))

    def _blame(self, command: Any) -> str:
        return self.violation_field or type(command).__name__

    def _only_for_evaluators(self, what: str) -> None:
        if self.kind is RuleKind.REQUIRE_PRESENT:
            raise ValueError(f"require_present does not support {what}; it supports when_present")


class Rule:
    """Constructors of rules. `True` from a boolean evaluator means *bad*; a string is the complaint."""

    @staticmethod
    def check(*targets: FieldRef, via: RuleFn, message: str | None = None) -> RuleSpec:
        """Judge the values of `targets`, in order.

        Raises:
            ValueError: no target is given.
        """
        if not targets:
            raise ValueError("Rule.check needs at least one target")
        return RuleSpec(RuleKind.CHECK, via, targets, message, sources=targets)

    @staticmethod
    def forbid(condition: RuleFn, *, message: str) -> RuleSpec:
        """Refuse with `message` where `condition(command, fields_set)` is exactly True."""
        return RuleSpec(RuleKind.FORBID, condition, message=message)

    @staticmethod
    def require_present(target: FieldRef, *, field: str | None = None, message: str | None = None) -> RuleSpec:
        """Refuse where `target` was not sent (patch fields) or is None (any other)."""
        return RuleSpec(RuleKind.REQUIRE_PRESENT, None, (target,), message, field=field)


def context_values(names: tuple[str, ...], context: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """Return the run's values for `names`.

    Raises:
        ValueError: there is no runtime context, or it lacks a name.
    """
    if not names:
        return ()
    if context is None:
        raise ValueError(f"from_params{names} needs a runtime context")
    missing = [name for name in names if name not in context]
    if missing:
        raise ValueError(f"from_params: {missing[0]!r} is not in the runtime context")
    return tuple(context[name] for name in names)


def accepts_context(fn: RuleFn) -> bool:
    """Return whether a rule or compute is called with the context: it says so, or takes a third argument."""
    declared = getattr(fn, "accepts_context", None)
    if isinstance(declared, bool):
        return declared
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) >= 3 or any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _binds(fn: RuleFn | None, count: int) -> bool:
    """Whether `fn` takes `count` positional arguments; a signature that cannot be read is trusted."""
    if fn is None:
        return False
    try:
        inspect.signature(fn).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True
