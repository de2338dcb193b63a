"""Turning annotations into types, also where they are strings and the class was declared inside a function.

`from __future__ import annotations` leaves strings behind. A name in one may be a module global, a local of the function
that declares the class, or a class that is declared later. The namespace of the declaring frame is therefore looked at
while the class is made; what is still unknown then stays a string and is resolved when it is first needed.
"""

import sys
from types import FrameType
from typing import Any


def declaring_locals(module: str) -> dict[str, Any]:
    """Return the local names visible where a class of `module` is being declared, inner ones winning.

    A class declared at module level sees none: its names are globals and are looked up by module.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") != module:
        frame = frame.f_back
    scopes: list[dict[str, Any]] = []
    while frame is not None and frame.f_globals.get("__name__") == module and frame.f_locals is not frame.f_globals:
        scopes.append(frame.f_locals)
        frame = frame.f_back
    return {name: value for scope in reversed(scopes) for name, value in scope.items()}


def resolve_signatures(cls: type[Any], *methods: str) -> None:
    """Replace string annotations of `cls`'s own `methods` by types, while the declaring function's locals are in reach."""
    for method in methods:
        function = vars(cls).get(method)
        annotations = getattr(function, "__annotations__", {})
        if any(isinstance(a, str) for a in annotations.values()):
            names = {**declaring_locals(cls.__module__), cls.__name__: cls}
            for name, annotation in annotations.items():
                annotations[name] = resolve_annotation(annotation, cls.__module__, names)


def resolve_annotation(annotation: Any, module: str, names: dict[str, Any] | None = None) -> Any:
    """Return the type `annotation` means, or the string itself where a name in it is unknown (yet)."""
    if not isinstance(annotation, str):
        return annotation
    namespace = vars(sys.modules[module]) if module in sys.modules else {}
    try:
        return eval(annotation, dict(namespace), names or {})  # noqa: S307 - an annotation from the user's own source
    except (NameError, AttributeError, TypeError):
        return annotation
