"""What a database error means to a caller. By SQLSTATE where there is one, by SQLite's words elsewhere.

No text of the driver and no SQL ever reaches a message.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import exc

from loom.core.errors import Conflict, Contention, InvalidPayload, LoomError, SystemError, Unavailable  # noqa: A004 - loom's own

_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: ([\w., ]+)")
_SQLITE_NOT_NULL = re.compile(r"NOT NULL constraint failed: \w+\.(\w+)")
_GONE = ("locked", "unable to open", "connection is closed", "Connection closed", "no active connection")
_UNDONE = ("40001", "40P01")
"""Serialization failure, deadlock: the whole transaction may be run again."""
_PG_COLUMN = re.compile(r"Key \(([\w, ]+)\)=")


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn what the database raises inside into an error of loom's tree."""
    try:
        yield
    except (exc.SQLAlchemyError, OverflowError, OSError) as error:
        meaning = translate(error)
        if meaning is None:
            raise
        raise meaning from error


def translate(error: BaseException) -> LoomError | None:
    """Return the error a caller should see; None for what is a bug."""
    if isinstance(error, OverflowError):
        return InvalidPayload([("body", "a number is out of range")])
    if isinstance(error, exc.TimeoutError | exc.PendingRollbackError | OSError):  # no connection, or a lost one
        return Unavailable()
    if not isinstance(error, exc.DBAPIError):
        return None
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    return _by_state(state, error) if state else _by_words(error)


def _by_state(state: str, error: exc.DBAPIError) -> LoomError:
    if state == "23503":
        return Conflict("A referenced entity does not exist, or this one is still referenced")
    if state == "23505":
        found = _PG_COLUMN.search(getattr(_driver_error(error), "detail", None) or str(error.orig))
        return _duplicate(found.group(1) if found else "")
    if state in ("23502", "23514"):
        column = getattr(_driver_error(error), "column_name", None) or "body"
        return InvalidPayload([(column, "is required" if state == "23502" else "is not allowed")])
    if state.startswith("22"):
        return InvalidPayload([("body", "a value does not fit its column")])
    if state in _UNDONE:
        return Contention()
    if state.startswith(("08", "57P")) or state in ("57014", "53300"):
        return Unavailable()
    return SystemError("The database refused the statement")


def _by_words(error: exc.DBAPIError) -> LoomError:
    words = str(error.orig)
    if found := _SQLITE_UNIQUE.search(words):
        return _duplicate(", ".join(part.strip().rpartition(".")[2] for part in found.group(1).split(",")))
    if "FOREIGN KEY" in words:
        return Conflict("A referenced entity does not exist, or this one is still referenced")
    if found := _SQLITE_NOT_NULL.search(words):
        return InvalidPayload([(found.group(1), "is required")])
    if "CHECK constraint" in words:
        return InvalidPayload([("body", "is not allowed")])
    if error.connection_invalidated or any(text in words for text in _GONE):
        return Unavailable()
    if isinstance(error, exc.DataError):
        return InvalidPayload([("body", "a value does not fit its column")])
    return SystemError("The database refused the statement")


def _driver_error(error: exc.DBAPIError) -> BaseException | None:
    return error.orig.__cause__ if error.orig is not None else None


def _duplicate(columns: str) -> Conflict:
    return Conflict(f"An entity with this {columns} already exists" if columns else "The entity already exists")
