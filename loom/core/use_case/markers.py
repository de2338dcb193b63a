"""The markers a use case writes as parameter defaults: what it takes, loads and asks before it runs.

A marker is data; the compiler turns it into a step. The factories (`Input`, `LoadById`, ...) return `Any` so that
`cmd: CreateUser = Input()` type-checks.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class OnMissing(StrEnum):
    """What a load or an existence check does when there is no row."""

    RAISE = "raise"
    """`NotFound`: 404 at an HTTP edge."""
    RETURN_NONE = "return_none"
    """Bind `None` (`False` for `Exists`)."""
    RETURN_FALSE = "return_false"
    """Bind `False`."""
    NONE = "return_none"
    """Alias of `RETURN_NONE`."""


class SourceKind(StrEnum):
    """Where the lookup value comes from."""

    PARAM = "param"
    COMMAND = "command"


class LookupKind(StrEnum):
    """By primary key, or by any one column."""

    BY_ID = "by_id"
    BY_FIELD = "by_field"


class InputMarker:
    """This parameter receives the command."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LoadByIdMarker:
    """Load `entity_type` by primary key, taken from the parameter `by`."""

    entity_type: type[Any]
    by: str = "id"
    profile: str = "default"
    on_missing: OnMissing = OnMissing.RAISE


@dataclass(frozen=True, slots=True)
class LoadMarker:
    """Load `entity_type` where column `against` equals the value `from_name` of `from_kind`."""

    entity_type: type[Any]
    from_kind: SourceKind
    from_name: str
    against: str
    profile: str = "default"
    on_missing: OnMissing = OnMissing.RAISE


@dataclass(frozen=True, slots=True)
class ExistsMarker:
    """Ask whether a row of `entity_type` has `against` equal to the value `from_name` of `from_kind`."""

    entity_type: type[Any]
    from_kind: SourceKind
    from_name: str
    against: str
    on_missing: OnMissing = OnMissing.RETURN_FALSE


def Input() -> Any:  # noqa: N802 - reads as a declaration
    """Mark the parameter that receives the command (at most one per `execute`)."""
    return InputMarker()


def LoadById(  # noqa: N802 - reads as a declaration
    entity: type[Any],
    *,
    by: str = "id",
    profile: str = "default",
    on_missing: OnMissing = OnMissing.RAISE,
) -> Any:
    """Load `entity` by the value of the `execute` parameter named `by`, before rules run."""
    return LoadByIdMarker(entity, by, profile, on_missing)


def Load(  # noqa: N802 - reads as a declaration
    entity: type[Any],
    *,
    from_param: str | None = None,
    from_command: str | None = None,
    against: str,
    profile: str = "default",
    on_missing: OnMissing = OnMissing.RAISE,
) -> Any:
    """Load the `entity` whose column `against` equals a param or a command field.

    Raises:
        ValueError: not exactly one of `from_param` and `from_command` is given.
    """
    kind, name = _one_source(from_param, from_command)
    return LoadMarker(entity, kind, name, against, profile, on_missing)


def Exists(  # noqa: N802 - reads as a declaration
    entity: type[Any],
    *,
    from_param: str | None = None,
    from_command: str | None = None,
    against: str,
    on_missing: OnMissing = OnMissing.RETURN_FALSE,
) -> Any:
    """Bind whether an `entity` has column `against` equal to a param or a command field.

    Raises:
        ValueError: not exactly one of `from_param` and `from_command` is given.
    """
    kind, name = _one_source(from_param, from_command)
    return ExistsMarker(entity, kind, name, against, on_missing)


def _one_source(from_param: str | None, from_command: str | None) -> tuple[SourceKind, str]:
    if from_param is not None and from_command is None:
        return SourceKind.PARAM, from_param
    if from_command is not None and from_param is None:
        return SourceKind.COMMAND, from_command
    raise ValueError("exactly one of from_param and from_command must be given")
