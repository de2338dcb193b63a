"""The cache in an application: wired by configuration, the same answers with it and without."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from loom.core.cache import CachedRepository
from loom.core.config import ConfigError
from loom.core.repository.sqlalchemy import SessionManager
from loom.core.use_case import LoadById, UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute
from tests.cache.conftest import ON_REDIS, redis_url
from tests.cache.models import Shelf, Volume

ROOT = Path(__file__).parents[2]
Make = Callable[..., FastAPI]


class ShowLabel(UseCase[Shelf, dict[str, str]]):
    """Answer the label of a loaded shelf."""

    read_only = True

    async def execute(self, shelf_id: int, shelf: Shelf = LoadById(Shelf, by="shelf_id")) -> dict[str, str]:
        """Return it."""
        return {"label": shelf.label}


class Rename(UseCase[Shelf, None]):
    """Rename a shelf, then fail or not."""

    async def execute(self, shelf_id: int, fail: bool = False) -> None:
        """Write, then maybe raise."""
        await self.main_repo.update(shelf_id, {"label": "renamed"})
        await self.main_repo.get_by_id(shelf_id)
        if fail:
            raise ZeroDivisionError


class ShelfInterface(RestInterface[Shelf]):
    prefix = "/shelves"
    auto = True
    allowed_profiles = ("default", "counted")
    expose_profile = True


class LabelInterface(RestInterface[Shelf]):
    prefix = "/labels/{shelf_id}"
    routes = (RestRoute(ShowLabel, "GET", "/"), RestRoute(Rename, "POST", "/"))


class VolumeInterface(RestInterface[Volume]):
    prefix = "/volumes"
    auto = True


INTERFACES = (ShelfInterface, LabelInterface, VolumeInterface)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Build the application; keyword arguments are its `cache` section."""

    def build(**cache: Any) -> FastAPI:
        config = {"app": {"name": "library"}, "database": {"url": f"sqlite+aiosqlite:///{tmp_path / 'app.db'}"}}
        return create_app(config | {"cache": cache}, interfaces=INTERFACES)

    return build


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running app."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://library.test") as client,
    ):
        yield client


@pytest.mark.parametrize("kind", ["memory", ON_REDIS])
async def test_reads_of_an_app_are_cached_and_its_writes_seen(make: Make, kind: str) -> None:
    """Main repository and loads ask the database once; what a request wrote, the next one reads."""
    app = make(url=redis_url() if kind == "redis" else "memory://")
    sent: list[str] = []
    async with connected(app) as client:
        manager: SessionManager = app.state.loom.kernel.container.resolve(SessionManager)
        sa.event.listen(manager.engine.sync_engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
        await client.post("/shelves/", json={"label": "A"})
        paths = ("/shelves/1", "/labels/1/", "/shelves/?limit=5", "/shelves/1?profile=counted")
        cold = [(await client.get(path)).json() for path in paths]
        sent.clear()
        warm = [(await client.get(path)).json() for path in paths]
        asked = list(sent)
        await client.patch("/shelves/1", json={"label": "B"})
        await client.post("/volumes/", json={"title": "t", "shelfId": 1})
        after = [(await client.get(path)).json() for path in paths]

    assert cold == warm
    assert [] == asked
    assert ("B", "B", "B", 1) == (
        after[0]["label"],
        after[1]["label"],
        after[2]["items"][0]["label"],
        after[3]["bookCount"],
    )


async def test_a_failed_use_case_leaves_the_cache_as_it_is(make: Make) -> None:
    """What a rolled-back run wrote and read is not served; what a committed one wrote is."""
    async with connected(make()) as client:
        await client.post("/shelves/", json={"label": "A"})
        failed = await client.post("/labels/1/?fail=true")
        kept = (await client.get("/shelves/1")).json()["label"]
        await client.post("/labels/1/")
        renamed = (await client.get("/shelves/1")).json()["label"]

    assert (500, "A", "renamed") == (failed.status_code, kept, renamed)


async def test_without_a_section_nothing_is_cached(tmp_path: Path) -> None:
    """No `cache:` is no cache, and so is `enabled: false`."""
    config = {"app": {"name": "library"}, "database": {"url": f"sqlite+aiosqlite:///{tmp_path / 'app.db'}"}}
    plain = create_app(config, interfaces=INTERFACES)
    off = create_app(config, {"cache": {"enabled": False}}, interfaces=INTERFACES)
    on = create_app(config, {"cache": {"enabled": True}}, interfaces=INTERFACES)

    kinds = [
        isinstance(app.state.loom.kernel.container.resolve_repo(Shelf), CachedRepository) for app in (plain, off, on)
    ]
    assert [False, False, True] == kinds


async def test_apps_in_one_process_share_no_entries(make: Make, tmp_path: Path) -> None:
    """Two applications with the same names on two databases read their own rows."""
    url = redis_url()
    one = make(url=url)
    other = {"app": {"name": "library"}, "database": {"url": f"sqlite+aiosqlite:///{tmp_path / 'two.db'}"}}
    two = create_app(other | {"cache": {"url": url}}, interfaces=INTERFACES)
    async with connected(one) as first, connected(two) as second:
        await first.post("/shelves/", json={"label": "first"})
        await second.post("/shelves/", json={"label": "second"})
        labels = [(await client.get("/shelves/1")).json()["label"] for client in (first, second, first)]

    assert ["first", "second", "first"] == labels


async def test_an_app_starts_and_answers_without_its_server(make: Make) -> None:
    """Nothing connects while the application is built, and a server that is not there costs no answer."""
    async with connected(make(url="redis://127.0.0.1:1/0")) as client:
        created = await client.post("/shelves/", json={"label": "A"})
        found = await client.get("/shelves/1")

    assert (201, "A") == (created.status_code, found.json()["label"])


@pytest.mark.parametrize(
    ("cache", "words"),
    [
        ({"default_ttl": "soon"}, "cache"),
        ({"url": "ftp://x"}, "must begin with"),
        ({"aiocache_alias": "nope"}, "no alias 'nope'"),
    ],
)
def test_a_section_that_does_not_fit_is_refused(make: Make, cache: dict[str, Any], words: str) -> None:
    """At start, naming the key."""
    with pytest.raises(ConfigError, match=words):
        make(**cache)


def test_a_missing_extra_is_named(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache without aiocache is refused at start; without a cache nobody needs it."""
    for name in [name for name in sys.modules if name.split(".")[0] == "aiocache"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiocache", None)

    assert make(enabled=False) is not None
    with pytest.raises(ConfigError, match="extra 'cache'"):
        make(enabled=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["memory", ON_REDIS])
def test_the_store_s_own_suite_passes_with_the_cache_on(kind: str) -> None:
    """Every test of the store on SQLite, and its life cycle on PostgreSQL, sees no difference."""
    url = redis_url() if kind == "redis" else "memory://"
    suite = ["tests/store", "-k", "not postgres or test_lifecycle or test_products"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", "not slow", *suite],
        cwd=ROOT,
        env={**os.environ, "CACHE_ENABLED": "true", "CACHE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout[-4000:]
