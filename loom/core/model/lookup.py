"""Which model a name or a table name in a declaration means.

Declarations refer to classes that may come later, may be local to a function, and may exist more than once in one
process (two applications, a test module full of local `Note`s). The nearest wins: the longest common prefix of
`module.qualified.name` with the class that asks, and of equals the last one declared. The search walks the subclasses
Python keeps anyway; there is no registry.
"""

import sys
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from loom.core.annotations import resolve_annotation as resolve_text
from loom.core.model.annotation import close


def resolve_annotation(annotation: Any, owner: type[Any], root: type[Any]) -> Any:
    """Return `annotation` with every name that is known by now resolved.

    Args:
        owner: the class whose body it stands in.
        root: its subclasses, at any depth, are searched by name last.
    """
    scope = vars(sys.modules[owner.__module__]) if owner.__module__ in sys.modules else {}
    return close(annotation, lambda text: resolve_text(text, owner.__module__, _Names(owner, scope, root)))


def model_by_table(table: str, owner: type[Any], root: type[Any]) -> type[Any] | None:
    """Return the model nearest to `owner` whose table is `table`."""
    return _nearest(owner, [m for m in _subclasses(root) if vars(m).get("__tablename__") == table])


class _Names(dict[str, Any]):
    """Local names for `eval`: what was in sight at the declaration, then classes found by name."""

    def __init__(self, owner: type[Any], scope: dict[str, Any], root: type[Any]) -> None:
        super().__init__(getattr(owner, "__loom_locals__", {}) | {owner.__name__: owner})
        self._owner, self._scope, self._root = owner, scope, root

    def __missing__(self, name: str) -> Any:
        if name in self._scope:
            return self._scope[name]
        found = _nearest(self._owner, [m for m in _subclasses(self._root) if m.__name__ == name])
        if found is None:
            raise KeyError(name)
        return found


def _subclasses(root: type[Any]) -> Iterator[type[Any]]:
    for cls in root.__subclasses__():
        yield cls
        yield from _subclasses(cls)


def _nearest(owner: type[Any], candidates: list[type[Any]]) -> type[Any] | None:
    """`max` keeps the first of equals, and the last declared should win: hence the reversal."""
    return max(reversed(candidates), key=lambda model: _shared_prefix(owner, model), default=None)


def _shared_prefix(one: type[Any], other: type[Any]) -> int:
    pairs = zip(_path(one), _path(other), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _path(model: type[Any]) -> list[str]:
    return f"{model.__module__}.{model.__qualname__}".split(".")
