"""The data every application starts from: 10,000 records of 500 owners, with 25,000 notes; one copy for each."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.apps.orm import Base, Note, Owner, Record, make_engine

POSTGRES = os.environ.get("LOOM_BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
"""A database to connect to while making others; the role must be allowed to create databases."""
OWNERS, RECORDS = 500, 10_000
_COUNTRIES = ("DE", "ES", "FR", "IE", "PT")
_PREFIX = "loom_bench_"
_START = datetime(2026, 1, 1, 10, tzinfo=UTC)


def sqlite_url(directory: Path, name: str) -> str:
    """Return the URL of a fresh, filled SQLite database in `directory`."""
    path = directory / f"{name}.db"
    path.unlink(missing_ok=True)
    url = f"sqlite+aiosqlite:///{path}"
    asyncio.run(fill(url))
    return url


def postgres_url(name: str) -> str:
    """Return the URL of a fresh, filled PostgreSQL database."""
    database = _PREFIX + name
    asyncio.run(_recreate(database))
    url = "postgresql+asyncpg://" + POSTGRES.split("://", 1)[1].rpartition("/")[0] + f"/{database}"
    asyncio.run(fill(url))
    return url


def drop_postgres(name: str) -> None:
    """Remove what `postgres_url` made."""
    asyncio.run(_execute(f'DROP DATABASE IF EXISTS "{_PREFIX + name}" WITH (FORCE)'))


async def fill(url: str, records: int = RECORDS) -> None:
    """Create the tables in an empty database and put the data in."""
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await _insert(connection, Owner, list(owners()))
        await _insert(connection, Record, list(record_rows(records)))
        await _insert(connection, Note, list(notes(records)))
        if connection.dialect.name == "postgresql":
            await _settle(connection)
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.exec_driver_sql("VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE")
    await engine.dispose()


def owners() -> Iterator[dict[str, Any]]:
    """Yield the owners."""
    for i in range(1, OWNERS + 1):
        yield {"id": i, "full_name": f"Owner {i}", "email": f"owner{i}@example.org"}


def record_rows(count: int = RECORDS) -> Iterator[dict[str, Any]]:
    """Yield the records."""
    for i in range(1, count + 1):
        yield {
            "id": i,
            "owner_id": i % OWNERS + 1,
            "title": f"Record {i}",
            "status": ("draft", "sent", "paid")[i % 3],
            "country": _COUNTRIES[i % 5],
            "currency": "EUR",
            "quantity": i % 40 + 1,
            "unit_price": i % 997 / 4,
            "amount": i % 313 / 2,
            "created_at": _START + timedelta(minutes=i),
            "updated_at": _START + timedelta(minutes=i, microseconds=i),
        }


def notes(count: int = RECORDS) -> Iterator[dict[str, Any]]:
    """Yield the notes: none to five for each record."""
    number = 0
    for record in range(1, count + 1):
        for k in range(record % 6):
            number += 1
            text = f"What was said about record {record}, part {k}. "
            yield {"id": number, "record_id": record, "title": f"Note {k}", "body": text * 2}


async def _insert(connection: AsyncConnection, model: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 5000):
        await connection.execute(insert(model), rows[start : start + 5000])


async def _settle(connection: AsyncConnection) -> None:
    """Move the sequences past the rows, and leave vacuuming to the driver, so that it never falls into a round."""
    for model in (Owner, Record, Note):
        table = model.__tablename__
        await connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
        await connection.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")


async def _recreate(database: str) -> None:
    await _execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    await _execute(f'CREATE DATABASE "{database}"')


async def _execute(statement: str) -> None:
    connection = await asyncpg.connect(POSTGRES)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
