"""Units of work: what a transaction of the outermost run must offer."""

from loom.core.uow.abc import UnitOfWork, UnitOfWorkFactory
from loom.core.uow.context import get_active_uow

__all__ = ["UnitOfWork", "UnitOfWorkFactory", "get_active_uow"]
