"""Little projects on disk that may be imported."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SHOP = {
    "shop/__init__.py": "",
    "shop/model.py": """
        from loom.core.model import BaseModel, ColumnField, TimestampedModel

        class Item(BaseModel):
            __tablename__ = "discovered_items"
            id: int = ColumnField(primary_key=True, autoincrement=True)

        class Box(TimestampedModel):
            __tablename__ = "discovered_boxes"
            id: int = ColumnField(primary_key=True, autoincrement=True)
    """,
    "shop/use_cases.py": """
        from typing import Any
        from loom.core.use_case.use_case import UseCase
        from shop.model import Item

        class CountItems(UseCase[Item, int]):
            async def execute(self) -> int:
                return 0

        class Ping(UseCase[Any, str]):
            async def execute(self) -> str:
                return "pong"
    """,
    "shop/interface.py": """
        from loom.rest.model import RestInterface, RestRoute
        from shop.model import Item
        from shop.use_cases import CountItems

        class ItemInterface(RestInterface[Item]):
            prefix = "/items"
            routes = (RestRoute(CountItems, "GET", "/count"),)
    """,
    "shop/jobs.py": """
        from loom.core.job.job import Job

        class Mail(Job[bool]):
            async def execute(self) -> bool:
                return True

        class Mailed:
            async def on_success(self, job_id, result, **context):
                ...
    """,
    "shop/repository.py": """
        from loom.core.repository.sqlalchemy import RepositorySQLAlchemy

        class ItemRepository(RepositorySQLAlchemy):
            ...
    """,
}

Project = Callable[[dict[str, str]], None]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Return a function that writes modules, path -> source; what they import is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(files: dict[str, str]) -> None:
        for name, source in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(line.removeprefix("        ") for line in source.splitlines()) + "\n")

    yield write
    for name in set(sys.modules) - before:
        if name.split(".")[0] in {"shop", "broken"}:
            del sys.modules[name]


@pytest.fixture
def shop(project: Project) -> Project:
    """Write the shop; return the function that adds to it."""
    project(SHOP)
    return project
