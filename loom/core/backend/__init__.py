"""Models as tables. The names below come from `loom.core.backend.sqlalchemy` once one of them is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loom.core.backend.sqlalchemy import (
        CoreModel,
        SABase,
        Tables,
        compile_all,
        compile_model,
        get_compiled,
        get_compiled_core,
        get_metadata,
        reset_registry,
    )

__all__ = [
    "CoreModel",
    "SABase",
    "Tables",
    "compile_all",
    "compile_model",
    "get_compiled",
    "get_compiled_core",
    "get_metadata",
    "reset_registry",
]


def __getattr__(name: str) -> Any:
    """Import SQLAlchemy only for those who use it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("loom.core.backend.sqlalchemy"), name)
