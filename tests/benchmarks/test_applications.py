"""The benchmark's applications are one API: what is timed against each other does the same.

The Litestar application is compared by the driver itself, before it times anything; its packages are not among the tests'.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.compare import meaning
from benchmarks.dataset import fill
from benchmarks.scenarios import SCENARIOS, Scenario


@pytest.mark.parametrize("app", ["loom_app", "floor"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_every_application_means_what_the_handwritten_one_says(
    app: str, scenario: Scenario, tmp_path: Path
) -> None:
    """Each scenario has one meaning in all applications."""
    expected = await _meaning("handwritten", scenario, tmp_path)

    assert expected == await _meaning(app, scenario, tmp_path)


async def test_a_refused_order_names_the_same_fields_in_both(tmp_path: Path) -> None:
    """All five rules judge in loom as they do in plain code."""
    order = {"email": "nobody", "country": "xx", "unitPrice": -1, "quantity": 0}
    refused: list[list[str]] = []
    for app in ("handwritten", "loom_app"):
        async with _client(app, tmp_path) as client:
            answer = await client.post("/bench/records/1/pricing-preview", json=order)
        refused.append([each["field"] for each in answer.json()["detail"]["violations"]])

    assert [["unit_price", "quantity", "country", "email"]] * 2 == refused


async def _meaning(app: str, scenario: Scenario, directory: Path) -> Any:
    async with _client(app, directory) as client:
        first = await client.get("/bench/records/?limit=50")
        path = scenario.path.replace("{after}", first.json()["next_cursor"]).replace("{id}", "17")
        answer = await client.request(scenario.method, path, content=scenario.payload)
        assert scenario.status == answer.status_code, answer.text
        return meaning(answer.json(), clock=not (scenario.inserts or scenario.updates))


@asynccontextmanager
async def _client(app: str, directory: Path) -> AsyncIterator[httpx.AsyncClient]:
    path = directory / f"{app}.db"
    url = f"sqlite+aiosqlite:///{path}"
    await fill(url, records=200)
    built = importlib.import_module(f"benchmarks.apps.{app}").build(url)
    async with _lifespan(built):
        transport = httpx.ASGITransport(built)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://bench", headers={"content-type": "application/json"}
        ) as client:
            yield client


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    asked: asyncio.Queue[Any] = asyncio.Queue()
    told: asyncio.Queue[Any] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    life = asyncio.create_task(app(scope, asked.get, told.put))
    await asked.put({"type": "lifespan.startup"})
    started = await told.get()
    assert started["type"] == "lifespan.startup.complete", started
    yield
    await asked.put({"type": "lifespan.shutdown"})
    await life
