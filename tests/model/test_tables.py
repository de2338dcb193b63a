"""What models become in a database: DDL for both databases, values in and out, one registry per application."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from loom.core.backend.sqlalchemy import (
    Tables,
    compile_all,
    compile_model,
    get_compiled,
    get_metadata,
    reset_registry,
)
from loom.core.errors import DiagnosticError
from loom.core.model import (
    BaseModel,
    BigInteger,
    Cardinality,
    ColumnField,
    Numeric,
    OnDelete,
    Postgres,
    RelationField,
    ServerDefault,
    String,
    TimestampedModel,
)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Size(msgspec.Struct, frozen=True):
    width: int


class Team(BaseModel):
    __tablename__ = "teams"
    id: int = ColumnField(BigInteger, primary_key=True, autoincrement=True)
    members: list["Member"] = RelationField(foreign_key="team_id", cardinality=Cardinality.ONE_TO_MANY)


class Member(TimestampedModel):
    __tablename__ = "members"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    team_id: int = ColumnField(foreign_key="teams.id", on_delete=OnDelete.CASCADE, index=True)
    email: str = ColumnField(length=255, unique=True, index=True)
    nick: str | None = ColumnField(unique=True)
    team: Team = RelationField(foreign_key="teams.id", cardinality=Cardinality.MANY_TO_ONE)


class Sample(BaseModel):
    __tablename__ = "samples"
    id: UUID = ColumnField(primary_key=True, server_default=ServerDefault.UUID4)
    on_day: date = ColumnField()
    at_time: time = ColumnField()
    at: datetime = ColumnField()
    price: Decimal = ColumnField()
    exact: Decimal = ColumnField(Numeric(precision=12, scale=4))
    raw: bytes = ColumnField()
    colour: Colour = ColumnField(length=8)
    level: Level = ColumnField()
    tags: set[str] = ColumnField()
    size: Size = ColumnField()
    extra: dict[str, Any] | None = ColumnField(Postgres.JSONB)
    words: list[str] = ColumnField(Postgres.ARRAY(String()))


MEMBER = {
    "sqlite": [
        "CREATE TABLE members (",
        "created_at DATETIME DEFAULT CURRENT_TIMESTAMP",
        "updated_at DATETIME DEFAULT CURRENT_TIMESTAMP",
        "id INTEGER NOT NULL",
        "team_id INTEGER NOT NULL",
        "email VARCHAR(255) NOT NULL",
        "nick VARCHAR",
        "PRIMARY KEY (id)",
        "FOREIGN KEY(team_id) REFERENCES teams (id) ON DELETE CASCADE",
        "UNIQUE (nick)",
        ")",
        "CREATE UNIQUE INDEX ix_members_email ON members (email)",
        "CREATE INDEX ix_members_team_id ON members (team_id)",
    ],
    "postgresql": [
        "CREATE TABLE members (",
        "created_at TIMESTAMP WITH TIME ZONE DEFAULT now()",
        "updated_at TIMESTAMP WITH TIME ZONE DEFAULT now()",
        "id SERIAL NOT NULL",
        "team_id INTEGER NOT NULL",
        "email VARCHAR(255) NOT NULL",
        "nick VARCHAR",
        "PRIMARY KEY (id)",
        "FOREIGN KEY(team_id) REFERENCES teams (id) ON DELETE CASCADE",
        "UNIQUE (nick)",
        ")",
        "CREATE UNIQUE INDEX ix_members_email ON members (email)",
        "CREATE INDEX ix_members_team_id ON members (team_id)",
    ],
}

SAMPLE = {
    "postgresql": [
        "CREATE TABLE samples (",
        "id UUID DEFAULT gen_random_uuid() NOT NULL",
        "on_day DATE NOT NULL",
        "at_time TIME WITHOUT TIME ZONE NOT NULL",
        "at TIMESTAMP WITH TIME ZONE NOT NULL",
        "price NUMERIC(10, 2) NOT NULL",
        "exact NUMERIC(12, 4) NOT NULL",
        "raw BYTEA NOT NULL",
        "colour VARCHAR(8) NOT NULL",
        "level INTEGER NOT NULL",
        "tags JSON NOT NULL",
        "size JSON NOT NULL",
        "extra JSONB",
        "words VARCHAR[] NOT NULL",
        "PRIMARY KEY (id)",
        ")",
    ],
}

SAMPLE_ROW = {
    "id": uuid4(),
    "on_day": date(2026, 1, 2),
    "at_time": time(3, 4, 5),
    "at": datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - SQLite keeps no offset
    "price": Decimal("12.30"),
    "exact": Decimal("0.1234"),
    "raw": b"\x00\xff",
    "colour": Colour.BLUE,
    "level": Level.HIGH,
    "tags": {"a", "b"},
    "size": Size(3),
    "extra": None,
    "words": ["x"],
}

Ddl = Callable[[str, type[Any]], list[str]]


@pytest.fixture
def connection(tables: Tables) -> Iterator[sa.Connection]:
    """A SQLite database with every table of this module."""
    tables.compile(Team, Sample)
    engine = sa.create_engine("sqlite://")
    tables.metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def default_registry() -> Iterator[None]:
    """The default registry, empty before and after."""
    reset_registry()
    yield
    reset_registry()


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_names_and_types_are_those_migrations_expect(ddl: Ddl, dialect: str) -> None:
    """Columns, keys and indexes have SQLAlchemy's default names; unique and index make one unique index."""
    assert MEMBER[dialect] == ddl(dialect, Member)


def test_every_python_type_has_its_own_column_type(ddl: Ddl) -> None:
    """Dates, times, UUIDs, bytes, enums and documents are no strings in PostgreSQL."""
    assert SAMPLE["postgresql"] == ddl("postgresql", Sample)


@pytest.mark.parametrize(
    ("dialect", "expected"), [("sqlite", "id INTEGER NOT NULL"), ("postgresql", "id BIGSERIAL NOT NULL")]
)
def test_a_big_key_still_numbers_itself(ddl: Ddl, dialect: str, expected: str) -> None:
    """SQLite numbers INTEGER keys only, so a big key is one there."""
    assert expected in ddl(dialect, Team)


def test_values_come_back_as_they_went_in(tables: Tables, connection: sa.Connection) -> None:
    """Every type survives the way through the database."""
    table = tables.table(Sample)

    connection.execute(table.insert().values(SAMPLE_ROW))

    assert dict(connection.execute(table.select()).mappings().one()) == SAMPLE_ROW


def test_a_missing_document_is_sql_null(tables: Tables, connection: sa.Connection) -> None:
    """None in a JSON column is found by IS NULL."""
    table = tables.table(Sample)
    connection.execute(table.insert().values(SAMPLE_ROW))

    assert connection.scalar(sa.select(table.c.id).where(table.c.extra.is_(None))) == SAMPLE_ROW["id"]


def test_an_enum_column_takes_patterns_and_raw_values(tables: Tables, connection: sa.Connection) -> None:
    """A member, its value and a LIKE pattern all find the row; an unknown value cannot be written."""
    table = tables.table(Sample)
    connection.execute(table.insert().values(SAMPLE_ROW))

    for condition in (table.c.colour == Colour.BLUE, table.c.colour == "blue", table.c.colour.like("bl%")):
        assert connection.scalar(sa.select(table.c.colour).where(condition)) is Colour.BLUE
    with pytest.raises(sa.exc.StatementError, match="'green' is not a valid Colour"):
        connection.execute(table.update().values(colour="green"))


def test_the_database_makes_version_4_uuids(tables: Tables, connection: sa.Connection) -> None:
    """A row inserted without SQLAlchemy's help gets a UUID with the right version and variant."""
    default: Any = tables.table(Sample).c.id.server_default
    text = str(default.arg.compile(dialect=connection.dialect))

    made = [UUID(connection.exec_driver_sql(f"SELECT {text}").scalar_one()) for _ in range(20)]

    assert {4} == {uuid.version for uuid in made}
    assert {"specified in RFC 4122"} == {uuid.variant for uuid in made}
    assert len(set(made)) == 20


def test_an_update_sets_the_time_again(tables: Tables, connection: sa.Connection) -> None:
    """`server_onupdate` is part of every UPDATE and readable on the column."""
    column = tables.table(Member).c.updated_at

    statement = str(tables.table(Member).update().values(nick="n").compile(dialect=connection.dialect))

    assert "updated_at=CURRENT_TIMESTAMP" in statement
    assert column.info["server_onupdate"] == "now"


def test_compiling_reaches_every_model_once(tables: Tables) -> None:
    """Relations are followed, also in a circle, and a second call adds nothing."""
    tables.compile(Member)
    first = tables.models
    tables.compile(Team, Member)

    assert {Team, Member} == set(first)
    assert first == tables.models


def test_two_applications_do_not_meet() -> None:
    """Forgetting one application's tables leaves the other's alone."""
    one, other = Tables(), Tables()
    one.compile(Member)
    other.compile(Member)

    one.clear()

    assert not one.is_compiled(Member)
    assert other.table(Member) is other.metadata.tables["members"]


def test_a_model_that_was_not_compiled_says_so(tables: Tables) -> None:
    """Asking for its table is a RuntimeError that names the remedy."""
    with pytest.raises(RuntimeError, match=r"Member has not been compiled; call compile_all\(Member\)"):
        tables.table(Member)


class Orphan(BaseModel):
    __tablename__ = "orphans"
    id: int = ColumnField(primary_key=True)
    team_id: int = ColumnField(foreign_key="teems.id")


class Misspelled(BaseModel):
    __tablename__ = "misspelled"
    id: int = ColumnField(primary_key=True)
    team_id: int = ColumnField(foreign_key="teams.idd")


class Nameless(BaseModel):
    id: int = ColumnField(primary_key=True)


class Twin(BaseModel):
    __tablename__ = "teams"
    id: int = ColumnField(primary_key=True)


class Unclear(BaseModel):
    __tablename__ = "unclear"
    id: int = ColumnField(primary_key=True, server_default=ServerDefault.NOW)
    value: "Nowhere" = ColumnField()  # type: ignore[name-defined]  # noqa: F821 - what the test is about


PROBLEMS = [
    (Orphan, [("unknown_table", "did you mean 'teams'?")]),
    (Misspelled, [("unknown_column", "did you mean 'id'?")]),
    (Nameless, [("missing_table_name", "")]),
    (Twin, [("duplicate_table", "")]),
    (Unclear, [("invalid_column", ""), ("invalid_column", "")]),
]


@pytest.mark.parametrize(("model", "expected"), PROBLEMS)
def test_a_model_that_cannot_be_a_table_is_explained(
    tables: Tables, model: type[Any], expected: list[tuple[str, str]]
) -> None:
    """Every problem is listed with its place and a hint, and nothing of the call stays behind."""
    tables.compile(Team)
    before = set(tables.metadata.tables)

    with pytest.raises(DiagnosticError) as caught:
        tables.compile(model)

    assert expected == [(d.code, d.hint) for d in caught.value.diagnostics]
    assert all(d.file == __file__ and d.line > 0 for d in caught.value.diagnostics)
    assert before == set(tables.metadata.tables)
    assert not tables.is_compiled(model)


def test_mapped_classes_show_relations(tables: Tables, connection: sa.Connection) -> None:
    """An ORM session walks relations in both directions."""
    connection.execute(tables.table(Team).insert().values(id=1))
    connection.execute(tables.table(Member).insert().values(team_id=1, email="a@b.c"))

    with Session(connection) as session:
        team = session.get_one(tables.mapped(Team), 1)

        assert [member.email for member in team.members] == ["a@b.c"]
        assert team is team.members[0].team


def test_the_default_registry_serves_migrations(default_registry: None) -> None:
    """The functions build, find and forget tables of one default registry whose metadata stays the same object."""
    metadata = get_metadata()
    compile_all(Member)

    assert {"members", "teams"} == set(metadata.tables)
    assert get_compiled(Member) is compile_model(Member)
    assert hasattr(get_compiled(Member), "team")
    reset_registry()
    assert get_compiled(Member) is None
    assert metadata is get_metadata()
    assert not metadata.tables


def test_models_may_be_mapped_one_by_one(default_registry: None) -> None:
    """`compile_model` does not ask for the tables a model references; they may follow."""
    member = compile_model(Member)
    team = compile_model(Team)

    assert team is sa.inspect(member).relationships["team"].mapper.class_


def test_the_backend_costs_nothing_until_it_is_used() -> None:
    """Importing models and the backend package does not import SQLAlchemy."""
    code = "import sys, loom.core.backend, loom.core.model, loom.core.projection; print('sqlalchemy' in sys.modules)"

    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )


def test_postgresql_documents_keep_null_apart_too(tables: Tables) -> None:
    """JSON and JSONB write None as SQL NULL, not as the JSON word."""
    tables.compile(Sample)
    table = tables.table(Sample)

    for column in (table.c.extra, table.c.words):
        kinds = [column.type, column.type.dialect_impl(postgresql.dialect())]
        assert all(kind.none_as_null for kind in kinds if isinstance(kind, sa.JSON))
