"""Repositories on async SQLAlchemy Core."""

from loom.core.repository.sqlalchemy.repository import RepositorySQLAlchemy
from loom.core.repository.sqlalchemy.session import SessionManager, get_active_session
from loom.core.repository.sqlalchemy.transactional import (
    SupportsPostCommit,
    get_pending_mutations,
    record_mutation,
    transactional,
)
from loom.core.repository.sqlalchemy.uow import SQLAlchemyUnitOfWork, SQLAlchemyUnitOfWorkFactory

__all__ = [
    "RepositorySQLAlchemy",
    "SQLAlchemyUnitOfWork",
    "SQLAlchemyUnitOfWorkFactory",
    "SessionManager",
    "SupportsPostCommit",
    "get_active_session",
    "get_pending_mutations",
    "record_mutation",
    "transactional",
]
