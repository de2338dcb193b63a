"""What the model tests share: DDL as text."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from loom.core.backend.sqlalchemy import Tables

DIALECTS: dict[str, Any] = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}


@pytest.fixture
def tables() -> Tables:
    """One application's tables."""
    return Tables()


@pytest.fixture
def ddl(tables: Tables) -> Callable[[str, type[Any]], list[str]]:
    """Compile a model and return the lines of its DDL, indexes last."""

    def lines(dialect: str, model: type[Any]) -> list[str]:
        tables.compile(model)
        table = tables.table(model)
        statements = [CreateTable(table), *(CreateIndex(i) for i in sorted(table.indexes, key=lambda i: str(i.name)))]
        text = "\n".join(str(statement.compile(dialect=DIALECTS[dialect])) for statement in statements)
        return [line.strip().rstrip(",").strip() for line in text.splitlines() if line.strip()]

    return lines
