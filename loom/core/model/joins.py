"""How two models meet: from a relation's declaration to the columns of a join.

| cardinality | the declaration's `foreign_key` names | so the join is |
|---|---|---|
| one-to-many, one-to-one | a column of the target, bare or `table.column` | here.id = target.column |
| many-to-one | what an own column references, `target.id` (or that own column) | here.column = target.id |
| many-to-many | the link table's column that points here | here.id = link.column, link.other = target.id |
"""

from typing import Any

from msgspec import Struct

from loom.core.errors import did_you_mean
from loom.core.model.annotation import classes_in
from loom.core.model.base import BaseModel
from loom.core.model.enums import Cardinality
from loom.core.model.introspection import ColumnFieldInfo, get_column_fields, get_id_attribute, get_table_name
from loom.core.model.lookup import model_by_table
from loom.core.model.relation import Relation


class Join(Struct, frozen=True, kw_only=True):
    """The columns that meet.

    Attributes:
        local_column: column of the owner.
        remote_table, remote_column: table and column of the target.
        outward: the owner's column is the foreign key.
        secondary_table: link table of a many-to-many; None elsewhere, like the two below.
        secondary_local_column: its column equal to the owner's `local_column`.
        secondary_remote_column: its column equal to the target's `remote_column`.
        secondary_model: the link model.
    """

    local_column: str
    remote_table: str
    remote_column: str
    outward: bool = False
    secondary_table: str | None = None
    secondary_local_column: str | None = None
    secondary_remote_column: str | None = None
    secondary_model: type[Any] | None = None


class Unresolved(Exception):
    """A relation that cannot be joined up; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def join_of(owner: type[Any], name: str, spec: Relation, annotation: Any) -> tuple[type[Any], Join]:
    """Return the related model and the join.

    Raises:
        Unresolved: no such model, table or column.
    """
    target = next((cls for cls in classes_in(annotation) if issubclass(cls, BaseModel)), None)
    if spec.cardinality is Cardinality.MANY_TO_MANY:
        return _through_link(owner, spec, target)
    own = _own_foreign_key(owner, name, spec)
    if spec.cardinality is Cardinality.MANY_TO_ONE and own is None:
        raise Unresolved(
            f"no column of {owner.__name__} has foreign_key={spec.foreign_key!r}",
            "a many-to-one repeats the foreign_key of one of its own columns",
        )
    if own is not None and (spec.cardinality is Cardinality.MANY_TO_ONE or not _on_target(spec, target)):
        return _outward(owner, own, target)
    return _inward(owner, spec, target)


def split_foreign_key(text: str) -> tuple[str, str]:
    """Return (table, column) of `"table.column"`; the table is "" where the text is a bare column."""
    table, _, column = text.rpartition(".")
    return table, column


def _outward(owner: type[Any], own: ColumnFieldInfo, target: type[Any] | None) -> tuple[type[Any], Join]:
    """The owner holds the key."""
    table, column = split_foreign_key(own.field.foreign_key or "")
    target = target or _by_table(table, owner)
    _column(target, column)
    table = get_table_name(target)
    return target, Join(local_column=own.name, remote_table=table, remote_column=column, outward=True)


def _inward(owner: type[Any], spec: Relation, target: type[Any] | None) -> tuple[type[Any], Join]:
    """The target holds the key."""
    table, column = split_foreign_key(spec.foreign_key)
    if target is None and not table:
        raise Unresolved("the annotation names no model", f"write foreign_key='table.{column}' or annotate the model")
    target = target or _by_table(table, owner)
    remote = _column(target, column)
    local = _referenced(remote, owner)
    return target, Join(local_column=local, remote_table=get_table_name(target), remote_column=column)


def _through_link(owner: type[Any], spec: Relation, target: type[Any] | None) -> tuple[type[Any], Join]:
    if spec.secondary is None:
        raise Unresolved("a many-to-many needs secondary='link_table'")
    link = _by_table(spec.secondary, owner)
    near = _column(link, split_foreign_key(spec.foreign_key)[1])
    far = _far_side(link, near, target)
    table, column = split_foreign_key(far.field.foreign_key or "")
    target = target or _by_table(table, owner)
    return target, Join(
        local_column=_referenced(near, owner),
        remote_table=get_table_name(target),
        remote_column=column,
        secondary_table=spec.secondary,
        secondary_local_column=near.name,
        secondary_remote_column=far.name,
        secondary_model=link,
    )


def _far_side(link: type[Any], near: ColumnFieldInfo, target: type[Any] | None) -> ColumnFieldInfo:
    """The link's other foreign key: to the target where that is known, else the only other one."""
    others = [c for c in get_column_fields(link).values() if c.field.foreign_key and c.name != near.name]
    if target is not None:
        table = get_table_name(target)
        others = [c for c in others if split_foreign_key(c.field.foreign_key or "")[0] == table]
    if len(others) != 1:
        wanted = target.__name__ if target is not None else "the other side"
        raise Unresolved(f"{link.__name__} has {len(others)} foreign keys to {wanted}, one is needed")
    return others[0]


def _own_foreign_key(owner: type[Any], name: str, spec: Relation) -> ColumnFieldInfo | None:
    """The own column that holds the key. Of several equal ones the one named after the relation."""
    columns = get_column_fields(owner)
    matches = [c for c in columns.values() if c.field.foreign_key == spec.foreign_key]
    if not matches and spec.foreign_key in columns and columns[spec.foreign_key].field.foreign_key:
        return columns[spec.foreign_key]
    return next((c for c in matches if c.name.startswith(name)), matches[0] if matches else None)


def _on_target(spec: Relation, target: type[Any] | None) -> bool:
    table, column = split_foreign_key(spec.foreign_key)
    if target is None:
        return False
    return column in get_column_fields(target) and table in ("", get_table_name(target))


def _referenced(column: ColumnFieldInfo, owner: type[Any]) -> str:
    """The owner's column that `column` references; its id where `column` is no foreign key to the owner."""
    table, referenced = split_foreign_key(column.field.foreign_key or "")
    if table == getattr(owner, "__tablename__", ""):
        return _column(owner, referenced).name
    try:
        return get_id_attribute(owner)
    except ValueError as error:
        raise Unresolved(str(error)) from None


def _column(model: type[Any], name: str) -> ColumnFieldInfo:
    columns = get_column_fields(model)
    if name not in columns:
        raise Unresolved(f"{model.__name__} has no column {name!r}", did_you_mean(name, columns))
    return columns[name]


def _by_table(table: str, owner: type[Any]) -> type[Any]:
    model = model_by_table(table, owner, BaseModel)
    if model is None:
        raise Unresolved(f"no model has the table {table!r}", "import the module that declares it")
    return model
