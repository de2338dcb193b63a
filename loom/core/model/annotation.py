"""What the annotation of a model field says: its value type, its markers, the classes named in it.

A name may belong to a class that is declared later. It then stays a string (or a `ForwardRef`) inside the annotation
and is looked up again when it is needed, by `loom.core.model.lookup`. Nothing here knows models.
"""

import types
from collections.abc import Callable, Iterator
from typing import Annotated, Any, ClassVar, ForwardRef, Union, get_args, get_origin

from msgspec import UnsetType

_ABSENT = (type(None), UnsetType)


def is_class_var(annotation: Any) -> bool:
    """True for `ClassVar`, written out or as a string."""
    if isinstance(annotation, str):
        return annotation.partition("[")[0].rpartition(".")[2] == "ClassVar"
    return annotation is ClassVar or get_origin(annotation) is ClassVar


def split_markers(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the annotation without `Annotated`, and what it carried."""
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    return get_args(annotation)[0], get_args(annotation)[1:]


def admits_none(annotation: Any) -> bool:
    """True for `X | None`."""
    return annotation is None or type(None) in _alternatives(annotation)


def value_type(annotation: Any) -> Any:
    """Return the type of a value that is there: `int` of `Annotated[int, ...] | None`."""
    bare, _ = split_markers(annotation)
    kept = [alternative for alternative in _alternatives(bare) if alternative not in _ABSENT]
    if len(kept) != 1:
        return bare
    return split_markers(kept[0])[0]


def widen(annotation: Any) -> Any:
    """Return the annotation with UNSET admitted; `Any` where a name in it is still unknown."""
    return Any if is_open(annotation) else Union[annotation, UnsetType]  # noqa: UP007 - also for what has no `|`


def is_open(annotation: Any) -> bool:
    """True while a name in the annotation is unresolved."""
    return any(isinstance(part, str | ForwardRef) for part in _parts(annotation))


def classes_in(annotation: Any) -> Iterator[type[Any]]:
    """Every class the annotation names, outermost first."""
    return (part for part in _parts(annotation) if isinstance(part, type) and get_origin(part) is None)


def close(annotation: Any, resolve: Callable[[str], Any]) -> Any:
    """Return the annotation with its open names replaced by what `resolve` makes of their text."""
    if isinstance(annotation, str):
        return resolve(annotation)
    if isinstance(annotation, ForwardRef):
        return resolve(annotation.__forward_arg__)
    if not is_open(annotation):
        return annotation
    return _rebuild(annotation, tuple(close(arg, resolve) for arg in get_args(annotation)))


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    args = get_args(annotation)
    for arg in args[:1] if get_origin(annotation) is Annotated else args:
        yield from _parts(arg)


def _rebuild(annotation: Any, args: tuple[Any, ...]) -> Any:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return Union[args]  # noqa: UP007 - the members are only known here
    if origin is Annotated:
        return Annotated[(args[0], *annotation.__metadata__)]
    return origin[args] if origin is not None else annotation
