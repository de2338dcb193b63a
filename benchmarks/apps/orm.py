"""The tables as ORM classes, for the two applications on an ORM. They are also how the data set is made."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, query_expression, relationship, with_expression
from sqlalchemy.types import DateTime

from benchmarks.apps import POOL_SIZE


class Base(DeclarativeBase):
    """The registry of the three tables."""


class Owner(Base):
    """Who a record belongs to."""

    __tablename__ = "bench_owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(160))


class Note(Base):
    """A remark on a record."""

    __tablename__ = "bench_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("bench_records.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(String(500))


class Record(Base):
    """A priced record."""

    __tablename__ = "bench_records"
    __mapper_args__ = {"eager_defaults": True}  # what the database fills in comes back with the statement

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("bench_owners.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(20), default="draft")
    country: Mapped[str] = mapped_column(String(2), default="DE")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    quantity: Mapped[int] = mapped_column(default=1)
    unit_price: Mapped[float]
    amount: Mapped[float] = mapped_column(default=0.0)
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )

    owner: Mapped[Owner] = relationship()
    notes: Mapped[list[Note]] = relationship(order_by=Note.id)
    has_notes: Mapped[bool] = query_expression()

    @property
    def notes_count(self) -> int:
        """The number of loaded notes."""
        return len(self.notes)

    @property
    def note_snippets(self) -> list[dict[str, Any]]:
        """Id and title of each loaded note."""
        return [{"id": note.id, "title": note.title} for note in self.notes]


_A_NOTE = select(Note.id).where(Note.record_id == Record.id).limit(1).scalar_subquery()
HAS_NOTES = with_expression(Record.has_notes, _A_NOTE.is_not(None))
"""Loads `has_notes` in the record's own statement. With `exists()`, PostgreSQL hashes all notes for each page: 8 ms."""


def make_engine(url: str) -> AsyncEngine:
    """Return an engine with `POOL_SIZE` connections; SQLite with the settings a server wants."""
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_size=POOL_SIZE, max_overflow=0)
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", prepare_sqlite)
    return engine


def prepare_sqlite(connection: Any, _: Any = None) -> None:
    """Set what a new SQLite connection needs: foreign keys, a write-ahead log, patience."""
    cursor = connection.cursor()
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
