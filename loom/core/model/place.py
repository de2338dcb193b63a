"""Where a model is written, for diagnostics. Reads the source; only asked once something is wrong."""

import inspect
from typing import Any

from loom.core.errors import Diagnostic


def problem(code: str, cls: type[Any], message: str, *, field: str = "", hint: str = "") -> Diagnostic:
    """Return a diagnostic that points at the line declaring `field`, or at the class."""
    file, line = _place(cls, field)
    where = f"{cls.__name__} > {field}" if field else cls.__name__
    return Diagnostic(code=code, message=message, file=file, line=line, where=where, hint=hint)


def _place(cls: type[Any], field: str) -> tuple[str, int]:
    try:
        file = inspect.getsourcefile(cls) or ""
        lines, first = inspect.getsourcelines(cls)
    except (OSError, TypeError):
        return "", 0
    offsets = (offset for offset, text in enumerate(lines) if field and text.strip().startswith(f"{field}:"))
    return file, first + next(offsets, 0)
