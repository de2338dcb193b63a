"""The unit of work of the current context."""

from contextvars import ContextVar
from typing import Any

active_uow: ContextVar[Any] = ContextVar("loom_active_uow", default=None)


def get_active_uow() -> Any:
    """Return the running unit of work; None outside one."""
    return active_uow.get()
