"""How many statements a repository call costs, where others sent more."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from loom.core.backend.sqlalchemy import Tables
from loom.core.config import DatabaseConfig, load_config, read_app_config
from loom.core.repository.abc import QuerySpec
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager
from tests.defects.library import Tome, library


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[SessionManager]:
    tables = Tables()
    tables.compile(Tome)
    opened = SessionManager(f"sqlite+aiosqlite:///{tmp_path / 's.db'}", tables=tables)
    await opened.create_tables()
    yield opened
    await opened.dispose()


@pytest.fixture
def sent(manager: SessionManager) -> list[str]:
    """First words of what goes to the database; COMMIT where a transaction ends."""
    words: list[str] = []
    engine = manager.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", lambda *call: words.append(call[2].split()[0]))
    sa.event.listen(engine, "commit", lambda _: words.append("COMMIT"))
    return words


async def test_26_6_a_write_is_one_statement(manager: SessionManager, sent: list[str]) -> None:
    """Create, update and delete: no SELECT before or after."""
    tomes = RepositorySQLAlchemy(manager, Tome)
    tome: Any = await tomes.create({"title": "A"})
    await tomes.update(tome.id, {"title": "B"})
    await tomes.delete(tome.id)

    assert ["INSERT", "UPDATE", "DELETE"] == [word for word in sent if word not in ("BEGIN", "COMMIT")]


async def test_26_6_a_read_opens_no_transaction(manager: SessionManager, sent: list[str]) -> None:
    """Outside a unit of work there is no BEGIN and no COMMIT around a read."""
    tomes = RepositorySQLAlchemy(manager, Tome)
    await tomes.get_by_id(1)

    assert ["SELECT"] == [word for word in sent if word != "COMMIT"]
    assert "BEGIN" not in sent


async def test_26_6_a_page_that_is_not_full_is_not_counted(manager: SessionManager, sent: list[str]) -> None:
    """The total of a short first page is known."""
    tomes = RepositorySQLAlchemy(manager, Tome)
    await tomes.create({"title": "A"})
    sent.clear()
    found = await tomes.list_with_query(QuerySpec())

    assert 1 == len([word for word in sent if word == "SELECT"])
    assert 1 == getattr(found, "total_count", None)


def test_26_6_nothing_costs_a_round_trip_by_default(tmp_path: Path) -> None:
    """Neither ping on checkout nor echo is on; echo does not follow tracing."""
    settings = read_app_config(load_config({"app": {"name": "x"}, "database": {"url": "sqlite+aiosqlite://"}}))

    assert settings.trace.enabled
    assert (False, None) == (settings.database.pool_pre_ping, settings.database.echo)
    assert DatabaseConfig(url="x").echo is None
    engine = library(tmp_path / "d.db").state.loom.kernel.container.resolve(SessionManager).engine
    assert (False, False) == (engine.echo, engine.pool._pre_ping)
