"""Repositories on async SQLAlchemy Core."""

from loom.core.repository.mutation import SupportsPostCommit
from loom.core.repository.sqlalchemy.registration import (
    RepositoryRegistration,
    RepositoryToken,
    build_repository_registration_module,
    get_repository_registration,
    repository_for,
)
from loom.core.repository.sqlalchemy.repository import RepositorySQLAlchemy
from loom.core.repository.sqlalchemy.scope import with_session_scope
from loom.core.repository.sqlalchemy.session import SessionManager, get_active_session
from loom.core.repository.sqlalchemy.transactional import get_pending_mutations, record_mutation, transactional
from loom.core.repository.sqlalchemy.uow import SQLAlchemyUnitOfWork, SQLAlchemyUnitOfWorkFactory
from loom.core.repository.values import FilterPathError, UnsafeFilterError

__all__ = [
    "FilterPathError",
    "RepositoryRegistration",
    "RepositorySQLAlchemy",
    "RepositoryToken",
    "SQLAlchemyUnitOfWork",
    "SQLAlchemyUnitOfWorkFactory",
    "SessionManager",
    "SupportsPostCommit",
    "UnsafeFilterError",
    "build_repository_registration_module",
    "get_active_session",
    "get_pending_mutations",
    "get_repository_registration",
    "record_mutation",
    "repository_for",
    "transactional",
    "with_session_scope",
]
