"""What a filter means once its names and values have met the model: shared by every repository.

A `Condition` is the shape of a filter without its values, so statements can be kept by it; the values stand beside it, in
the order of the tests. Names, operators and values are judged here and nowhere else, so every repository refuses the same.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from loom.core.errors import InvalidQuery
from loom.core.model import EntityInfo, inspect_model
from loom.core.model.introspection import ColumnFieldInfo
from loom.core.repository.abc.query import FilterGroup, FilterOp, FilterSpec
from loom.core.repository.values import DOCUMENTS, FilterPathError, UnsafeFilterError, column_value

ESCAPE = "\\"
"""Takes the meaning from `%` and `_` in a LIKE pattern."""
_MAX_ITEMS = 10_000
_MAX_TESTS = 200
_MAX_DEPTH = 8


class Test(Struct, frozen=True, kw_only=True):
    """One comparison.

    Attributes:
        relation: the relation whose rows are compared, any of which may match; "" = the row itself.
        field: the column; "" for EXISTS.
        op: never NOT_EXISTS: that is EXISTS not wanted.
        wanted: False turns IS_NULL and EXISTS round.
    """

    relation: str
    field: str
    op: FilterOp
    wanted: bool = True


class Condition(Struct, frozen=True):
    """Tests and conditions of which all, or any, must hold. With none of either everything matches.

    Attributes:
        groups: conditions among what must hold; never empty ones.
    """

    tests: tuple[Test, ...] = ()
    any_of: bool = False
    groups: tuple["Condition", ...] = ()

    def every_test(self) -> Iterator[Test]:
        """Yield the tests, those of `groups` last: the order in which values are given."""
        yield from self.tests
        for group in self.groups:
            yield from group.every_test()


def resolve(
    info: EntityInfo, group: FilterGroup | None, allowed: frozenset[str] = frozenset()
) -> tuple[Condition, list[Any]]:
    """Return the condition `group` stands for and the value of each test; None where a test takes none.

    Args:
        allowed: filter roots that may be used; empty allows all.

    Raises:
        FilterPathError: a field does not exist.
        UnsafeFilterError: a field is not allowed.
        InvalidQuery: an operator does not apply, or a value does not fit its column.
    """
    if group is None:
        return Condition(), []
    condition, values = _group(info, group, allowed, _MAX_DEPTH)
    if len(values) > _MAX_TESTS:
        raise InvalidQuery(f"a query takes at most {_MAX_TESTS} filters")
    if sum(len(value) for value in values if isinstance(value, list)) > _MAX_ITEMS:
        raise InvalidQuery(f"a query takes at most {_MAX_ITEMS} values")
    return condition, values


def _group(info: EntityInfo, group: FilterGroup, allowed: frozenset[str], depth: int) -> tuple[Condition, list[Any]]:
    if not depth:
        raise InvalidQuery("filters are nested too deep")
    resolved = [_resolve(info, spec, allowed) for spec in group.filters if isinstance(spec, FilterSpec)]
    inner = [_group(info, each, allowed, depth - 1) for each in group.filters if isinstance(each, FilterGroup)]
    tests = tuple(test for test, _ in resolved)
    groups = tuple(condition for condition, values in inner if values)
    condition = Condition(tests, any_of=group.op == "OR" and len(tests) + len(groups) > 1, groups=groups)
    return condition, [value for _, value in resolved] + [value for _, values in inner for value in values]


def _resolve(info: EntityInfo, spec: FilterSpec, allowed: frozenset[str]) -> tuple[Test, Any]:
    root, _, leaf = spec.field.partition(".")
    if allowed and root not in allowed:
        raise UnsafeFilterError(spec.field)
    op = FilterOp(spec.op)
    if op in (FilterOp.EXISTS, FilterOp.NOT_EXISTS):
        if spec.field not in info.relations:
            raise FilterPathError(spec.field)
        wanted = (op is FilterOp.EXISTS) == (spec.value is not False)
        return Test(relation=root, field="", op=FilterOp.EXISTS, wanted=wanted), None
    if not leaf:
        return _comparison(info, "", spec.field, spec)
    if root not in info.relations:
        raise FilterPathError(spec.field)
    return _comparison(inspect_model(info.relations[root].target), root, leaf, spec)


def _comparison(info: EntityInfo, relation: str, field: str, spec: FilterSpec) -> tuple[Test, Any]:
    column = info.columns.get(field)
    if column is None:
        raise FilterPathError(spec.field)
    op, value = FilterOp(spec.op), spec.value
    if op is FilterOp.IS_NULL or (value is None and op in (FilterOp.EQ, FilterOp.NE)):
        wanted = value is not False if op is FilterOp.IS_NULL else op is FilterOp.EQ
        return Test(relation=relation, field=field, op=FilterOp.IS_NULL, wanted=wanted), None
    if column.column_type.type_name in DOCUMENTS:
        raise InvalidQuery(f"'{spec.field}' can only be compared with is_null", field=spec.field)
    return Test(relation=relation, field=field, op=op), _value(column, op, spec)


def _value(column: ColumnFieldInfo, op: FilterOp, spec: FilterSpec) -> Any:
    if spec.value is None:
        raise InvalidQuery(f"'{spec.field}' needs a value for {op}", field=spec.field)
    if op is FilterOp.IN:
        return _items(column, spec)
    if op in (FilterOp.LIKE, FilterOp.ILIKE):
        return _pattern(column, spec)
    return column_value(column, spec.value)


def _items(column: ColumnFieldInfo, spec: FilterSpec) -> list[Any]:
    is_many = isinstance(spec.value, list | tuple | set | frozenset)
    items = [item for item in spec.value if item is not None] if is_many else [spec.value]
    if len(items) > _MAX_ITEMS:
        raise InvalidQuery(f"'{spec.field}' takes at most {_MAX_ITEMS} values", field=spec.field)
    return [column_value(column, item) for item in items]


def _pattern(column: ColumnFieldInfo, spec: FilterSpec) -> str:
    if column.column_type.type_name not in ("String", "Text"):
        raise InvalidQuery(f"'{spec.field}' is not text; {spec.op} does not apply", field=spec.field)
    pattern = str(spec.value)
    if (len(pattern) - len(pattern.rstrip(ESCAPE))) % 2:
        raise InvalidQuery(f"'{spec.field}' has a pattern that ends in the middle of an escape", field=spec.field)
    if "\x00" in pattern or (not pattern.isascii() and any("\ud800" <= c <= "\udfff" for c in pattern)):
        raise InvalidQuery(f"'{spec.field}' holds a character that cannot be stored", field=spec.field)
    return pattern
