"""The markers of command fields: who may set them, and what absence means."""

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from msgspec import UNSET

T = TypeVar("T")


@dataclass(frozen=True)
class CommandField:
    """How a command field behaves.

    Attributes:
        calculated: a compute sets it; never the client.
        internal: the server sets it; never the client.
        patch: absent means "leave as it is".
        default: value when absent; UNSET = none given.
        nullable: for a patch field: an explicit null is a value (the written type admits None).
    """

    calculated: bool = False
    internal: bool = False
    patch: bool = False
    default: Any = UNSET
    nullable: bool = True

    @property
    def hidden(self) -> bool:
        """True where the client may not set it."""
        return self.calculated or self.internal


def admits_none(annotation: Any) -> bool:
    """Return whether None is a value of `annotation`."""
    if get_origin(annotation) is Annotated:
        return admits_none(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return NoneType in get_args(annotation)
    return annotation in (None, NoneType, Any)


if TYPE_CHECKING:
    Patch = Annotated[T | None, "patch"]
    Internal = Annotated[T | None, "internal"]
    Computed = Annotated[T | None, "computed"]
else:

    class Patch:
        """`Patch[T]`: optional in a partial update. Absent leaves the column alone; null is a value only for `Patch[T | None]`."""

        def __class_getitem__(cls, item: Any) -> Any:
            return Annotated[item | None, CommandField(patch=True, nullable=admits_none(item))]

    class Internal:
        """`Internal[T]`: set by the server only; a client that sends it is ignored."""

        def __class_getitem__(cls, item: Any) -> Any:
            return Annotated[item | None, CommandField(internal=True)]

    class Computed:
        """`Computed[T]`: set by a compute only; a client that sends it is ignored."""

        def __class_getitem__(cls, item: Any) -> Any:
            return Annotated[item | None, CommandField(calculated=True)]
