"""How a derived, read-only value is declared. What computes it is a loader (`loom.core.projection.loaders`)."""

from enum import Enum
from typing import Any, Final

from msgspec import Struct


class _Missing(Enum):
    DEFAULT = "missing"

    def __repr__(self) -> str:
        return "<missing>"


PROJECTION_DEFAULT_MISSING: Final = _Missing.DEFAULT
"""The declaration gives no default: a value that was not found stays UNSET."""


class Projection(Struct, frozen=True, kw_only=True):
    """One declared projection.

    Attributes:
        loader: what computes it.
        profiles: profiles that load it.
        depends_on: `"projection:<name>"` or a sibling's bare name: computed after it; anything else is a cache tag.
        default: value where the loader found none; PROJECTION_DEFAULT_MISSING = leave UNSET.
        annotation: the annotation as written.
    """

    loader: Any
    profiles: tuple[str, ...] = ("default",)
    depends_on: tuple[str, ...] = ()
    default: Any = PROJECTION_DEFAULT_MISSING
    annotation: Any = None

    @property
    def has_default(self) -> bool:
        """True where the declaration gives a default, None included."""
        return self.default is not PROJECTION_DEFAULT_MISSING


def ProjectionField(  # noqa: N802 - reads as a declaration
    *,
    loader: Any,
    profiles: tuple[str, ...] | list[str] = ("default",),
    depends_on: tuple[str, ...] | list[str] = (),
    default: Any = PROJECTION_DEFAULT_MISSING,
) -> Any:
    """Declare a value derived by `loader`, loaded in `profiles`."""
    return Projection(loader=loader, profiles=tuple(profiles), depends_on=tuple(depends_on), default=default)


projection_field = ProjectionField
