"""The derived values loom can compute by itself: counts, existence, fields of related rows.

A loader is data. From related objects in memory it computes directly (`load_from_object`); the batched statement for
objects whose relation is not loaded is the repository's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct

from loom.core.model import BaseModel, EntityInfo, RelationInfo, inspect_model


class RelatedLoader(Struct, frozen=True):
    """What the loaders share.

    Attributes:
        model: the related model, or a function without arguments that returns it.
        via: name of the relation; needed where several lead to `model`.
    """

    model: Any
    via: str | None = None

    def resolve_model(self) -> type[Any]:
        """Return the related model."""
        is_model = isinstance(self.model, type) and issubclass(self.model, BaseModel)
        resolved: type[Any] = self.model if is_model else self.model()
        return resolved

    def load_from_object(self, obj: Any, context: Mapping[str, Any] | None = None) -> Any:
        """Compute the value for `obj` from its loaded relation; UNSET where that is not loaded."""
        related = getattr(obj, relation_for(inspect_model(type(obj)), self).name)
        return UNSET if related is UNSET else self.value_of(_as_rows(related))

    def value_of(self, rows: Sequence[Any]) -> Any:
        """Return the value for these related objects."""
        raise NotImplementedError


class CountLoader(RelatedLoader, frozen=True):
    """How many related rows there are: an int."""

    def value_of(self, rows: Sequence[Any]) -> int:
        """Return their number."""
        return len(rows)


class ExistsLoader(RelatedLoader, frozen=True):
    """Whether there is a related row: a bool."""

    def value_of(self, rows: Sequence[Any]) -> bool:
        """Return whether there is one."""
        return bool(rows)


class JoinFieldsLoader(RelatedLoader, frozen=True, kw_only=True):
    """The chosen columns of the related rows: a list of dicts keyed by column name.

    Attributes:
        value_columns: the columns, in key order.
    """

    value_columns: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.value_columns:
            raise ValueError("JoinFieldsLoader needs at least one value column")

    def value_of(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Return one dict per row, in their order."""
        return [{name: getattr(row, name) for name in self.value_columns} for row in rows]


def relation_for(info: EntityInfo, loader: RelatedLoader) -> RelationInfo:
    """Return the relation of `info` that leads to the rows `loader` reads.

    Raises:
        ValueError: no relation leads to the model, `via` names none that does, or several do and `via` is not given.
    """
    target = loader.resolve_model()
    matching = {name: relation for name, relation in info.relations.items() if relation.target is target}
    if loader.via is not None:
        matching = {name: relation for name, relation in matching.items() if name == loader.via}
    if len(matching) == 1:
        return next(iter(matching.values()))
    wanted = f"{target.__name__} via {loader.via!r}" if loader.via else target.__name__
    if not matching:
        raise ValueError(f"{info.name} has no relation to {wanted}")
    raise ValueError(f"{info.name} has several relations to {wanted}: name one with via= ({', '.join(matching)})")


def _as_rows(related: Any) -> Sequence[Any]:
    """A to-one relation holds a struct or None, a to-many relation a list."""
    if related is None:
        return ()
    return related if isinstance(related, list | tuple) else (related,)
