"""D19, D20, D38, D40, D41, D46: what a configuration may leave out, what it may say, and what it must not get wrong."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from loom.core.config import ConfigError
from loom.core.model import BaseModel, ColumnField
from loom.core.repository.sqlalchemy import SessionManager
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface

MODULE = """
from loom.core.model import BaseModel, ColumnField
from loom.rest.model import RestInterface


class Shelf(BaseModel):
    __tablename__ = "shelves"
    id: int = ColumnField(primary_key=True, autoincrement=True)


class Shelves(RestInterface[Shelf]):
    prefix = "/shelves"
    auto = True


MODELS = [Shelf, ...]
INTERFACES = [Shelves, ...]
"""


class Note(BaseModel):
    __tablename__ = "notes"
    id: int = ColumnField(primary_key=True, autoincrement=True)


class Notes(RestInterface[Note]):
    prefix = "/notes"
    auto = True


def app_of(**sections: Any) -> FastAPI:
    config = {"app": {"name": "notes"}, "database": {"url": "sqlite+aiosqlite:///never.db"}, **sections}
    return create_app(config, interfaces=[Notes])


def engine_of(**database: Any) -> Any:
    app = app_of(database={"url": "sqlite+aiosqlite:///never.db", **database})
    return app.state.loom.kernel.container.resolve(SessionManager).engine


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose code is in src/ and whose configuration is in config/, entered."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("src", "config"):
        (tmp_path / name).mkdir()
    (tmp_path / "src" / "d20_shelves.py").write_text(MODULE)
    yield tmp_path
    sys.modules.pop("d20_shelves", None)


def configured(project: Path, code_path: str, discovery: str) -> FastAPI:
    (project / "config" / "api.yaml").write_text(
        f"app: {{name: shelves, code_path: {code_path}, discovery: {discovery}}}\n"
        "database: {url: 'sqlite+aiosqlite:///never.db'}\n"
    )
    return create_app(str(project / "config" / "api.yaml"))


MODULES = "{mode: modules, modules: {include: [d20_shelves]}}"
MANIFEST = "{mode: manifest, manifest: {module: d20_shelves}}"


def test_d19_name_and_database_are_enough() -> None:
    """Without metrics, trace, logger, celery or jobs there is an application."""
    assert "notes" == app_of().state.loom.name


@pytest.mark.parametrize("code_path", ["src", "../src"])
def test_d20_code_is_found_beside_the_configuration_directory(
    project: Path, monkeypatch: pytest.MonkeyPatch, code_path: str
) -> None:
    """`src` and `../src` both work with the file in config/, from wherever the process is started."""
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")

    assert "shelves" == configured(project, code_path, MODULES).state.loom.name


def test_d38_an_ellipsis_in_a_manifest_stands_for_nothing(project: Path) -> None:
    """`MODELS = [Shelf, ...]` lists one model."""
    app = configured(project, "src", MANIFEST)

    assert ["Shelf"] == [model.__name__ for model in app.state.loom.models]


def test_d40_the_pool_can_be_sized() -> None:
    """Size, overflow, timeout and recycling reach the engine."""
    pool = engine_of(pool_size=3, max_overflow=2, pool_timeout=5, pool_recycle=60).pool

    assert (3, 2, 5, 60) == (pool.size(), pool._max_overflow, pool._timeout, pool._recycle)


async def test_d40_tables_can_be_left_to_migrations(tmp_path: Path) -> None:
    """With create_all off, starting makes none."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'd.db'}"
    app = app_of(database={"url": url, "create_all": False})
    async with app.router.lifespan_context(app):
        manager = app.state.loom.kernel.container.resolve(SessionManager)
        async with manager.reading() as connection:
            found = (await connection.exec_driver_sql("SELECT name FROM sqlite_master")).fetchall()

    assert [] == found


def test_d41_statements_are_not_echoed_unless_asked_for() -> None:
    """Tracing alone logs no SQL."""
    traced = app_of(trace={"enabled": True}).state.loom.kernel.container.resolve(SessionManager).engine

    assert (False, True) == (traced.echo, engine_of(echo=True).echo)


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("trace", {"enabled": "perhaps"}, "trace.enabled"),
        ("logger", {"handlers": "none"}, "logger.handlers"),
        ("celery", {"broker_url": "memory://"}, "result_backend"),
        ("celery", {"broker_url": "memory://", "result_backend": "x", "worker_concurrency": "lots"}, "worker_concurr"),
        ("celery", "redis", "celery"),
        ("jobs", {"Mail": {"retries": "some"}}, r"retries"),
        ("jobs", {"Mail": {"retries": -1}}, r"retries"),
        ("jobs", [], "jobs"),
    ],
)
def test_d46_a_malformed_optional_section_is_an_error(name: str, content: Any, where: str) -> None:
    """Missing is default; wrong is wrong."""
    with pytest.raises(ConfigError, match=where):
        app_of(**{name: content})
