"""`loom migrate` on the store and on small applications, on SQLite and PostgreSQL."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.migrate.conftest import EXAMPLES, POSTGRES, Migrate, on, rows, run, tables

APP = """
import datetime as dt
import enum
import os
from decimal import Decimal
from uuid import UUID

import msgspec

from loom.core.model import BaseModel, ColumnField, OnDelete, Postgres, ServerDefault, String, TimestampedModel
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface

{models}

class Face(RestInterface[Parent]):
    prefix = "/parents"
    auto = True


app = create_app(
    {{"app": {{"name": "small"}}, "database": {{"url": os.environ["DATABASE_URL"], "create_all": False}}}},
    interfaces=[Face],
)
"""

FAMILY = """
class Parent(BaseModel):
    __tablename__ = "parents"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=40)
    children: list["Child"] = RelationField(foreign_key="parent_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("all",))


class Child(BaseModel):
    __tablename__ = "children"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    parent_id: int = ColumnField(foreign_key="parents.id", on_delete=OnDelete.CASCADE)
"""

EVERY_TYPE = """
class Colour(enum.StrEnum):
    RED = "red"


class Point(msgspec.Struct):
    x: int


class Parent(TimestampedModel):
    __tablename__ = "parents"
    id: UUID = ColumnField(primary_key=True, server_default=ServerDefault.UUID4)
    text_id: str = ColumnField(server_default=ServerDefault.UUID4)
    price: Decimal = ColumnField()
    colour: Colour = ColumnField(length=20, index=True)
    colours: list[Colour] = ColumnField()
    point: Point | None = ColumnField()
    day: dt.date = ColumnField(server_default=ServerDefault.NOW)
    at: dt.time | None = ColumnField()
    raw: bytes | None = ColumnField()
    ratio: float = ColumnField(default=0.5)
    ok: bool = ColumnField(default=True)
    words: list[str] = ColumnField(Postgres.ARRAY(String))
    binary: dict[str, int] = ColumnField(Postgres.JSONB)
    place: Point | None = ColumnField(Postgres.JSONB)
    search: str | None = ColumnField(Postgres.TSVECTOR)
    code: str = ColumnField(length=8, unique=True)
"""


def write_app(project: Path, models: str) -> None:
    body = APP.format(models=models).replace("BaseModel,", "BaseModel, Cardinality, RelationField,", 1)
    (project / "main.py").write_text(body)


def make_revision(migrate: Migrate, project: Path, message: str = "change", **options: str) -> str:
    result = migrate(project, "revision", "-m", message, **options)
    assert result.exit_code == 0, result.output
    return result.output


def succeed(migrate: Migrate, project: Path, *words: str, **options: str) -> str:
    result = migrate(project, *words, **options)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_store_goes_up_and_down(migrate: Migrate, store: Path, url: str) -> None:
    """From an empty database up, then nothing differs; back down nothing is left but Alembic's own table."""
    succeed(migrate, store, "init")
    make_revision(migrate, store, "first tables")

    assert "first tables" in succeed(migrate, store, "upgrade")
    there = run(tables(url))
    assert "ok" in succeed(migrate, store, "check")
    succeed(migrate, store, "downgrade", "base")

    assert {"users", "addresses", "products", "pricing_records"} <= there
    assert set() == run(tables(url))


def test_a_revision_with_nothing_to_do_is_not_written(migrate: Migrate, project: Path) -> None:
    """Comparing a database that has everything writes no file and says so."""
    write_app(project, FAMILY)
    succeed(migrate, project, "init")
    make_revision(migrate, project)
    succeed(migrate, project, "upgrade")

    assert "nothing to do" in make_revision(migrate, project, "again")
    assert len(list((project / "migrations" / "versions").glob("*.py"))) == 1


def test_a_change_keeps_rows_and_their_children(migrate: Migrate, project: Path, url: str) -> None:
    """A column made nullable and one added leave every row in place, also where SQLite has to rebuild the table."""
    write_app(project, FAMILY)
    succeed(migrate, project, "init")
    make_revision(migrate, project)
    succeed(migrate, project, "upgrade")
    run(on(url, "insert into parents (name) values ('a')", "insert into children (parent_id) values (1)"))

    write_app(
        project,
        FAMILY.replace(
            "name: str = ColumnField(length=40)",
            "name: str | None = ColumnField(length=60)\n    age: int | None = ColumnField()",
        ),
    )
    waiting = migrate(project, "check")
    make_revision(migrate, project, "age")
    succeed(migrate, project, "upgrade")

    assert waiting.exit_code == 1
    assert [(1, "a", None)] == run(rows(url, "select id, name, age from parents"))
    assert [(1, 1)] == run(rows(url, "select id, parent_id from children"))
    assert "ok" in succeed(migrate, project, "check")


def test_one_step_down(migrate: Migrate, project: Path, url: str) -> None:
    """`downgrade` alone takes the latest revision back, and only that."""
    write_app(project, FAMILY)
    succeed(migrate, project, "init")
    make_revision(migrate, project)
    succeed(migrate, project, "upgrade")
    write_app(project, FAMILY + "    age: int | None = ColumnField()\n")
    make_revision(migrate, project, "age")
    succeed(migrate, project, "upgrade")

    assert "age" in succeed(migrate, project, "downgrade", "-1")
    assert {"parents", "children"} == run(tables(url))
    with pytest.raises(Exception, match="age"):
        run(rows(url, "select age from children"))


def test_every_type_is_found_as_it_was_made(migrate: Migrate, project: Path) -> None:
    """Types, defaults and indexes of every kind of column compare equal to what the revision made."""
    write_app(project, EVERY_TYPE)
    succeed(migrate, project, "init")
    make_revision(migrate, project)
    succeed(migrate, project, "upgrade")

    assert "ok" in succeed(migrate, project, "check")


@pytest.mark.postgres
def test_a_revision_made_on_one_database_runs_on_the_other(
    migrate: Migrate, project: Path, url: str, tmp_path: Path
) -> None:
    """A revision holds no word of the database it was made on."""
    if not url.startswith("postgresql"):
        pytest.skip("needs both databases")
    lite = f"sqlite+aiosqlite:///{tmp_path / 'other.db'}"
    write_app(project, EVERY_TYPE)
    succeed(migrate, project, "init")
    make_revision(migrate, project, database=lite)

    for database in (lite, url):
        succeed(migrate, project, "upgrade", database=database)
        assert "ok" in succeed(migrate, project, "check", database=database)


BROKEN = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "broken", None


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer))
    op.execute("select nonsense from nowhere")


def downgrade():
    pass
"""


PLAIN_ENV = """
import sqlalchemy as sa
from alembic import context

engine = sa.create_engine("URL", poolclass=sa.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_a_revision_that_fails_leaves_nothing(migrate: Migrate, project: Path, url: str) -> None:
    """What a failing revision did before is undone, on SQLite too; the message is one line."""
    write_app(project, FAMILY)
    succeed(migrate, project, "init")
    (project / "migrations" / "versions" / "broken.py").write_text(BROKEN)

    result = migrate(project, "upgrade")

    assert result.exit_code == 1
    assert "nowhere" in result.output
    assert set() == run(tables(url))


def test_without_one_transaction_half_a_revision_stays(migrate: Migrate, project: Path, url: str) -> None:
    """The control: with Alembic's own way on SQLite the table of the failed revision is there afterwards."""
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL has transactional DDL either way")
    write_app(project, FAMILY)
    succeed(migrate, project, "init")
    (project / "migrations" / "versions" / "broken.py").write_text(BROKEN)
    (project / "migrations" / "env.py").write_text(PLAIN_ENV.replace("URL", url.replace("+aiosqlite", "")))

    migrate(project, "upgrade")

    assert {"half"} == run(tables(url))


def test_tables_nobody_recorded_are_not_touched(migrate: Migrate, project: Path, url: str) -> None:
    """An upgrade of a database that has the tables already says how to record them, and `stamp` does."""
    write_app(project, FAMILY)
    succeed(migrate, project, "init")
    make_revision(migrate, project)
    succeed(migrate, project, "upgrade")
    run(on(url, "drop table alembic_version"))

    refused = migrate(project, "upgrade")
    succeed(migrate, project, "stamp")

    assert refused.exit_code == 1
    assert "loom migrate stamp head" in refused.output
    succeed(migrate, project, "upgrade")
    assert "ok" in succeed(migrate, project, "check")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
class TestMessages:
    def test_no_migrations_yet(self, migrate: Migrate, project: Path) -> None:
        """A command before `init` says what comes first."""
        write_app(project, FAMILY)
        result = migrate(project, "upgrade")

        assert (1, True) == (result.exit_code, "loom migrate init" in result.output)

    def test_init_overwrites_nothing(self, migrate: Migrate, project: Path) -> None:
        """A second `init` leaves what is there and fails."""
        write_app(project, FAMILY)
        succeed(migrate, project, "init")
        result = migrate(project, "init")

        assert (1, True) == (result.exit_code, "exists already" in result.output)

    def test_a_missing_extra_is_named(self, migrate: Migrate, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without Alembic the command says what to install."""
        write_app(project, FAMILY)
        monkeypatch.setitem(sys.modules, "alembic", None)
        result = migrate(project, "check")

        assert (1, True) == (result.exit_code, "loom-studio[migrate]" in result.output)

    def test_an_unknown_revision_is_one_line(self, migrate: Migrate, project: Path) -> None:
        """A revision that does not exist is a message and no traceback."""
        write_app(project, FAMILY)
        succeed(migrate, project, "init")
        result = migrate(project, "upgrade", "nope")

        assert (1, True) == (result.exit_code, "nope" in result.output)


def test_plain_alembic_works_too(migrate: Migrate, project: Path, url: str) -> None:
    """`alembic upgrade head` in the project finds the app by alembic.ini."""
    write_app(project, FAMILY)
    succeed(migrate, project, "init")
    make_revision(migrate, project)

    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=120)

    assert {"parents", "children"} == run(tables(url))


@pytest.mark.slow
@pytest.mark.postgres
def test_deployments_may_start_at_once(migrate: Migrate, project: Path, url: str) -> None:
    """Several upgrades of one PostgreSQL database at the same time all succeed."""
    if not url.startswith(POSTGRES.partition(":")[0]):
        pytest.skip("SQLite has one writer")
    write_app(project, FAMILY)
    succeed(migrate, project, "init")
    make_revision(migrate, project)

    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    started = [subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE) for _ in range(4)]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in started]

    assert [0] * 4 == [code for _, code in ended], ended


def test_the_stores_own_revisions_are_current(migrate: Migrate, tmp_path: Path) -> None:
    """The revisions that come with examples/store make what its models say today."""
    ignored = shutil.ignore_patterns("*.db*", "__pycache__", ".loom")
    store = Path(shutil.copytree(EXAMPLES / "store", tmp_path / "store", ignore=ignored))

    succeed(migrate, store, "upgrade")

    assert "ok" in succeed(migrate, store, "check")
