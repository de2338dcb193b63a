"""A small application on SQLite that is really served and really recorded."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from loom.core.command import Command, Computed, Patch
from loom.core.job import Job
from loom.core.job.service import JobService
from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import Compute, Exists, F, Input, LoadById, Rule
from loom.core.use_case.invoker import ApplicationInvoker
from loom.core.use_case.use_case import UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute
from studio.archive.archive import Archive
from studio.recorder.finish import Finisher
from studio.recorder.http import RecordingApp
from studio.recorder.install import watch
from studio.recorder.live import LiveTrace
from studio.recorder.recorder import Recorder
from studio.trace import Trace

HERE = Path(__file__).parent
_log = logging.getLogger("shop")


class Item(BaseModel):
    __tablename__ = "items"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=400)
    password: str = ColumnField(length=200, default="")


class Price(Command, frozen=True):
    amount: float
    quantity: int = 1
    password: str = ""
    net: Computed[float] = None
    gross: Computed[float] = None


class Rename(Command, frozen=True):
    name: Patch[str] = None


class PriceItem(UseCase[Item, float]):
    """Price an item."""

    computes = (
        Compute.set(F(Price).net).from_command(F(Price).amount, F(Price).quantity, via=lambda a, q: a * q),
        Compute.set(F(Price).gross).from_command(F(Price).net, via=lambda net: net * 2),
    )
    rules = (
        Rule.check(F(Price).amount, via=lambda v: v <= 0, message="amount must be above zero"),
        Rule.check(F(Price).gross, via=lambda v: "too dear" if v > 1000 else None),
    )

    async def execute(self, item_id: int, cmd: Price = Input(), item: Item = LoadById(Item, by="item_id")) -> float:
        return cmd.gross


class RenameItem(UseCase[Item, Item | None]):
    """Rename an item."""

    rules = (Rule.check(F(Rename).name, via=lambda v: not v, message="no name").when_present(F(Rename).name),)

    async def execute(
        self, item_id: int, cmd: Rename = Input(), taken: bool = Exists(Item, from_command="name", against="name")
    ) -> Item | None:
        return await self.main_repo.update(item_id, cmd)


class NewItem(Command, frozen=True):
    name: str
    password: str = ""


class StoreItem(UseCase[Item, Item]):
    """Store an item, and log what no log should hold."""

    async def execute(self, cmd: NewItem = Input()) -> Item:
        _log.warning("storing %s with %s", cmd.name, cmd.password)
        if cmd.name == "explode":
            raise RuntimeError(f"cannot store {cmd.password}")
        return await self.main_repo.create(cmd)


class CountSlowly(UseCase[Item, int]):
    """Ask for the same row again and again."""

    async def execute(self, times: int = 4) -> int:
        for _ in range(times):
            await self.main_repo.get_by_id(1)
        return times


class Announce(Job[bool]):
    """Announce an item."""

    async def execute(self, item_id: int) -> bool:
        if item_id == 13:
            raise OSError("no one listens")
        return True


class Announced:
    def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        _log.info("announced")


class Publish(UseCase[Item, int]):
    """Count through another use case, then announce."""

    def __init__(self, app: ApplicationInvoker, jobs: JobService) -> None:
        self._app = app
        self._jobs = jobs

    async def execute(self, item_id: int) -> int:
        counted = await self._app.invoke(CountSlowly, params={"times": 1})
        self._jobs.dispatch(Announce, params={"item_id": item_id}, on_success=Announced)
        return int(counted)


class Wait(UseCase[Item, None]):
    """Never come back."""

    async def execute(self) -> None:
        await asyncio.Event().wait()


class Items(RestInterface[Item]):
    prefix = "/items"
    routes = (
        RestRoute(use_case=StoreItem, method="POST", path="/", status_code=201),
        RestRoute(use_case=CountSlowly, method="GET", path="/count"),
        RestRoute(use_case=Wait, method="GET", path="/wait"),
        RestRoute(use_case=PriceItem, method="POST", path="/{item_id}/price"),
        RestRoute(use_case=RenameItem, method="PATCH", path="/{item_id}"),
        RestRoute(use_case=Publish, method="POST", path="/{item_id}/publish"),
    )


Recorded = Callable[[], Trace]


@pytest.fixture
def live() -> list[LiveTrace]:
    """Live traces, in the order they ended."""
    return []


@pytest.fixture
def full() -> bool:
    """Whether values are recorded; parametrize to change it."""
    return True


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """The application, without a recorder."""
    settings = {
        "app": {"name": "shop", "rest": {"max_body_bytes": 8_000_000}},
        "database": {"url": f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"},
    }
    return create_app(settings, interfaces=[Items])


@pytest.fixture
async def client(app: FastAPI, live: list[LiveTrace], full: bool) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the recorded application, which holds one item."""
    recorder = Recorder(live.append, full=full)
    root = logging.getLogger()
    before, level = [*root.handlers], logging.getLogger("shop").level
    logging.getLogger("shop").setLevel(logging.INFO)
    watch(app.state.loom, recorder, HERE)
    transport = httpx.ASGITransport(RecordingApp(app, recorder), raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as found,
    ):
        await found.post("/items/", json={"name": "loom"})
        live.clear()
        yield found
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
    logging.getLogger("shop").setLevel(level)


@pytest.fixture
def last(live: list[LiveTrace]) -> Recorded:
    """Return the newest trace as data."""
    return lambda: Finisher(HERE).finish(live[-1])


@pytest.fixture
def archive(app: FastAPI) -> Archive:
    """An archive in memory that knows the application's plans."""
    found = Archive()
    found.keep_plans(app.state.loom.plans)
    return found
