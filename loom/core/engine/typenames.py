"""How a type is written in a plan."""

import types
from typing import Annotated, Any, Union, get_args, get_origin


def type_name(annotation: Any) -> str:
    """Return an annotation the way it is written in source: `str | None`, `PageResult[User]`, `list[int]`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return type_name(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return " | ".join(type_name(a) for a in get_args(annotation))
    if origin is not None:
        inner = ", ".join("..." if a is ... else type_name(a) for a in get_args(annotation))
        return f"{getattr(origin, '__name__', origin)}[{inner}]"
    if annotation is type(None):
        return "None"
    return "Any" if annotation is Any else getattr(annotation, "__name__", str(annotation))
