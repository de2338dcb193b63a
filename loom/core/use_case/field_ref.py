"""`F(CreateUser).email`: a typed-by-name reference to a command field, and presence expressions built from them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from loom.core.command.base import command_shape


class PredicateOp(StrEnum):
    """How two presence tests combine."""

    AND = "and"
    OR = "or"


class _Combinable:
    """Gives references and expressions `|` and `&`."""

    __slots__ = ()

    def __or__(self, other: "Predicate") -> "FieldExpr":
        return FieldExpr(PredicateOp.OR, self, other)  # type: ignore[arg-type]  # every _Combinable is a Predicate

    def __and__(self, other: "Predicate") -> "FieldExpr":
        return FieldExpr(PredicateOp.AND, self, other)  # type: ignore[arg-type]  # every _Combinable is a Predicate


@dataclass(frozen=True)
class FieldRef(_Combinable):
    """A path into a command: `F(C).address.city` has root `C`, path `("address", "city")`, leaf `city`."""

    root: Any
    path: tuple[str, ...] = ()

    @property
    def leaf(self) -> str:
        """Last segment; "" for a bare root."""
        return self.path[-1] if self.path else ""

    def __getattr__(self, name: str) -> "FieldRef":
        if name.startswith("_"):
            raise AttributeError(name)
        return FieldRef(self.root, (*self.path, name))

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class FieldExpr(_Combinable):
    """Two presence tests combined; evaluated left to right, short-circuiting."""

    op: PredicateOp
    left: "Predicate"
    right: "Predicate"

    def __str__(self) -> str:
        return f"({self.left} {self.op} {self.right})"


Predicate = FieldRef | FieldExpr


class FieldRoot:
    """Where references start. Every public attribute is a field, also `root`, `path` and `leaf`."""

    __slots__ = ("_root",)

    def __init__(self, root: Any) -> None:
        self._root = root

    def __getattr__(self, name: str) -> FieldRef:
        if name.startswith("_"):
            raise AttributeError(name)
        return FieldRef(self._root, (name,))

    def __repr__(self) -> str:
        return f"F({getattr(self._root, '__name__', self._root)!s})"


def F(root: Any) -> Any:  # noqa: N802 - reads as a declaration
    """Start a reference at a command class, a model class or an alias."""
    return FieldRoot(root)


field_ref = F


def value_of(ref: FieldRef, command: Any) -> Any:
    """Return the value `ref` points at; None where a segment on the way is None."""
    value = command
    for segment in ref.path:
        if value is None:
            return None
        value = getattr(value, segment)
    return value


def is_present(predicate: Predicate, command: Any, fields_set: frozenset[str]) -> bool:
    """Return whether `predicate` holds: a patch field was sent; any other field is not None."""
    if isinstance(predicate, FieldExpr):
        combine: Callable[..., bool] = any if predicate.op is PredicateOp.OR else all
        return combine(is_present(side, command, fields_set) for side in (predicate.left, predicate.right))
    if _is_patch(predicate, command):
        return predicate.leaf in fields_set
    return value_of(predicate, command) is not None


def _is_patch(ref: FieldRef, command: Any) -> bool:
    if len(ref.path) != 1 or not hasattr(type(command), "__struct_fields__"):
        return False
    field = command_shape(type(command)).get(ref.leaf)
    return field is not None and field.is_patch


def refs_in(predicate: Predicate | None) -> tuple[FieldRef, ...]:
    """Return every reference in `predicate`, left to right."""
    if predicate is None:
        return ()
    if isinstance(predicate, FieldExpr):
        return refs_in(predicate.left) + refs_in(predicate.right)
    return (predicate,)
