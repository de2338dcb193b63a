"""Repositories on async SQLAlchemy Core."""

from loom.core.repository.sqlalchemy.repository import RepositorySQLAlchemy
from loom.core.repository.sqlalchemy.session import SessionManager, get_active_session
from loom.core.repository.sqlalchemy.uow import SQLAlchemyUnitOfWork, SQLAlchemyUnitOfWorkFactory

__all__ = [
    "RepositorySQLAlchemy",
    "SQLAlchemyUnitOfWork",
    "SQLAlchemyUnitOfWorkFactory",
    "SessionManager",
    "get_active_session",
]
