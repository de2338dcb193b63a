"""Computes: declared derivations of command fields. They run in declaration order, each seeing the one before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from loom.core.command.base import replace_fields
from loom.core.use_case.field_ref import FieldRef, Predicate, is_present, value_of
from loom.core.use_case.rule import context_values

ComputeFn = Callable[..., Any]
"""`fn(command, fields_set[, context])`; returns the new command."""


@dataclass(frozen=True)
class ComputeSpec:
    """A declared compute: immutable, chainable, callable as `(command, fields_set, context=None) -> command`.

    Attributes:
        target: the field it sets.
        sources: references whose values `via` receives; empty = the whole command.
        via: the function; None copies the single source.
        params: names whose context values are appended.
        predicate: runs only where this holds.
    """

    target: FieldRef
    sources: tuple[FieldRef, ...] = ()
    via: ComputeFn | None = None
    params: tuple[str, ...] = ()
    predicate: Predicate | None = None

    def from_params(self, *names: str) -> "ComputeSpec":
        """Append the values of these `execute` arguments; accumulates.

        Raises:
            ValueError: no name is given, or there is no `via` to receive them.
        """
        if not names or self.via is None:
            raise ValueError("from_params needs at least one name and a via")
        return replace(self, params=(*self.params, *names))

    def when_present(self, predicate: Predicate) -> "ComputeSpec":
        """Leave the command unchanged unless `predicate` holds."""
        return replace(self, predicate=predicate)

    @property
    def accepts_context(self) -> bool:
        """Whether it needs the run's other arguments."""
        return bool(self.params)

    def applies(self, command: Any, fields_set: frozenset[str]) -> bool:
        """Return whether the compute runs for this command."""
        return self.predicate is None or is_present(self.predicate, command, fields_set)

    def __call__(self, command: Any, fields_set: frozenset[str], context: Mapping[str, Any] | None = None) -> Any:
        """Return a copy of `command` with the target replaced."""
        if not self.applies(command, fields_set):
            return command
        return replace_fields(command, **{self.target.leaf: self._value(command, context)})

    def _value(self, command: Any, context: Mapping[str, Any] | None) -> Any:
        if self.via is None:
            return value_of(self.sources[0], command)
        inputs = [value_of(ref, command) for ref in self.sources] if self.sources else [command]
        return self.via(*inputs, *context_values(self.params, context))


@dataclass(frozen=True)
class ComputeTarget:
    """What `Compute.set` gives: a target still waiting for its sources."""

    target: FieldRef

    def from_command(self, *refs: FieldRef, via: ComputeFn | None = None) -> ComputeSpec:
        """Derive the target from `refs` through `via`; one ref without `via` is a copy.

        Raises:
            ValueError: `via` is missing and there is not exactly one reference.
        """
        if via is None and len(refs) != 1:
            raise ValueError("from_command needs a via unless it copies exactly one field")
        return ComputeSpec(self.target, refs, via)


class Compute:
    """Constructor of computes."""

    @staticmethod
    def set(target: FieldRef) -> ComputeTarget:
        """Name the command field to derive."""
        return ComputeTarget(target)
