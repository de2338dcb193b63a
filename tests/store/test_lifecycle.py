"""Starting the store: seed data, several apps in one process, the two ways of discovery."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from loom.rest.fastapi.auto import create_app

Load = Callable[[], FastAPI]
Serve = Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]]

pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)

COLLECTIONS = ("/users/", "/products/", "/pricing/", "/users/1/addresses/")


async def totals(client: httpx.AsyncClient) -> list[int]:
    """Return how many rows each collection has."""
    return [(await client.get(f"{path}?pagination=offset")).json()["total_count"] for path in COLLECTIONS]


async def test_first_start_fills_the_store(load_store: Load, serve: Serve) -> None:
    """An empty database has data to look at after the first start."""
    async with serve(load_store()) as client:
        counted = await totals(client)

    assert [12, 32, 3, 2] == counted


async def test_second_start_adds_nothing(load_store: Load, serve: Serve) -> None:
    """A store with users is left as it is."""
    async with serve(load_store()) as client:
        await client.delete("/products/1")
        before = await totals(client)

    async with serve(load_store()) as client:
        after = await totals(client)

    assert before == after


async def test_apps_in_one_process_do_not_share_data(
    load_store: Load, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two apps made from the same modules write to their own databases."""
    first = load_store()
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'second.db'}")
    second = load_store()

    async with serve(first) as one, serve(second) as two:
        await one.post("/users/", json={"fullName": "Ada Byron", "email": "ada@example.com"})
        await two.delete("/products/1")
        counted = [await totals(one), await totals(two)]

    assert [[13, 32, 3, 2], [12, 31, 3, 2]] == counted


async def test_app_outlives_another_one(
    load_store: Load, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app goes on serving after another one of the same modules has stopped."""
    first = load_store()
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'second.db'}")

    async with serve(first) as one:
        async with serve(load_store()):
            pass
        answer = await one.get("/products/1")

    assert 200 == answer.status_code


def test_manifest_gives_the_same_application(load_store: Load, store_directory: Path) -> None:
    """Manifest mode serves the routes of modules mode, in the same order, and plans the same use cases and jobs."""
    by_modules = load_store().state.loom
    manifest = {"app": {"discovery": {"mode": "manifest", "manifest": {"module": "app.manifest"}}}}

    by_manifest = create_app(store_directory / "config" / "api.yaml", manifest).state.loom

    assert by_modules.routes == by_manifest.routes
    assert by_modules.plans == by_manifest.plans
