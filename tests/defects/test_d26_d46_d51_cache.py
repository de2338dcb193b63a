"""The cache where others ignored it, or served what was never or no longer true: D26, D46, D51."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from loom.core.cache import CacheConfig, CachedRepository, GenerationalDependencyResolver, RepositoryCache
from loom.core.config import ConfigError
from loom.core.repository.mutation import MutationEvent
from loom.core.repository.sqlalchemy import SessionManager, SQLAlchemyUnitOfWork
from tests.defects.library import Tome, client_of, library

Sections = dict[str, Any]


async def test_d26_the_cache_section_is_heeded(tmp_path: Path) -> None:
    """With `cache.enabled` the second GET asks the database nothing, and a write is seen by the third."""
    app, sent = library(tmp_path / "d.db", cache={"enabled": True}), []
    async with client_of(app) as client:
        container = app.state.loom.kernel.container
        engine = container.resolve(SessionManager).engine.sync_engine
        await client.post("/tomes/", json={"title": "A"})
        await client.get("/tomes/1")
        sa.event.listen(engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
        second = await client.get("/tomes/1")
        asked = list(sent)
        await client.patch("/tomes/1", json={"title": "B"})
        third = await client.get("/tomes/1")

    assert ("A", [], "B") == (second.json()["title"], asked, third.json()["title"])
    assert isinstance(container.resolve_repo(Tome), CachedRepository)


async def test_d26_the_default_is_no_cache(tmp_path: Path) -> None:
    """Without the section repositories are plain."""
    repository = library(tmp_path / "d.db").state.loom.kernel.container.resolve_repo(Tome)

    assert not isinstance(repository, CachedRepository)


@pytest.mark.parametrize(
    "sections",
    [
        {"trace": {"enabled": "perhaps"}},
        {"logger": {"handlers": "stdout"}},
        {"metrics": {"enabled": []}},
        {"cache": {"ttl": "long"}},
        {"cache": ["redis"]},
    ],
)
def test_d46_a_malformed_optional_section_is_refused(tmp_path: Path, sections: Sections) -> None:
    """What cannot be read is an error that names the section, never silently a default."""
    (name,) = sections
    with pytest.raises(ConfigError, match=name):
        library(tmp_path / "d.db", **sections)


def test_d46_a_missing_optional_section_is_its_default(tmp_path: Path) -> None:
    """Absent and null mean the same."""
    settings = library(tmp_path / "d.db", trace=None, logger=None, metrics=None, cache=None).state.loom.settings

    assert (True, False, None) == (settings.trace.enabled, settings.metrics.enabled, settings.cache)


async def test_d51_a_write_is_forgotten_after_the_commit_and_not_before(tmp_path: Path) -> None:
    """While the transaction runs its change bumps nothing; a rollback never does."""
    app = library(tmp_path / "d.db", cache={"enabled": True})
    async with client_of(app):
        container = app.state.loom.kernel.container
        repository, manager = container.resolve_repo(Tome), container.resolve(SessionManager)
        tome = await repository.create({"title": "A"})
        resolver = repository._resolver
        tags = resolver.entity_tags("df_tomes", tome.id)
        seen = [await resolver.fingerprint(tags)]
        with pytest.raises(KeyError):
            async with SQLAlchemyUnitOfWork(manager):
                await repository.update(tome.id, {"title": "B"})
                raise KeyError
        seen.append(await resolver.fingerprint(tags))
        async with SQLAlchemyUnitOfWork(manager):
            await repository.update(tome.id, {"title": "B"})
            seen.append(await resolver.fingerprint(tags))
        seen.append(await resolver.fingerprint(tags))

    assert seen[0] == seen[1] == seen[2] != seen[3]


async def test_d51_an_entity_does_not_depend_on_its_whole_table() -> None:
    """A write of one row, and a new row, leave the fingerprints of the others."""
    resolver = GenerationalDependencyResolver(RepositoryCache(CacheConfig(), [Tome], namespace="d51")._counters)
    other = resolver.entity_tags("df_tomes", 2)
    before = await resolver.fingerprint(other)
    await resolver.bump_from_events(
        [MutationEvent("df_tomes", "update", (1,)), MutationEvent("df_tomes", "create", (3,))]
    )

    assert before == await resolver.fingerprint(other)


async def test_d51_a_list_costs_a_fixed_number_of_round_trips(tmp_path: Path) -> None:
    """Fifty rows from the cache are four requests to the store, as two are."""
    app = library(tmp_path / "d.db", cache={"enabled": True})
    counted = []
    async with client_of(app) as client:
        repository = app.state.loom.kernel.container.resolve_repo(Tome)
        for n in range(50):
            await repository.create({"title": str(n)})
        asking = repository._cache._circuit.asking
        asked: list[int] = []
        repository._cache._circuit.asking = lambda: asked.append(1) or asking()  # type: ignore[func-returns-value]  # counts
        for limit in (2, 50):
            await client.get(f"/tomes/?pagination=offset&limit={limit}")
            asked.clear()
            await client.get(f"/tomes/?pagination=offset&limit={limit}")
            counted.append(len(asked))

    assert [4, 4] == counted
