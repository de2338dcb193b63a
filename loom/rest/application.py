"""What an application is once everything is compiled: the value every outside view reads."""

from dataclasses import dataclass
from typing import Any

from loom.core.backend.sqlalchemy import Tables
from loom.core.bootstrap import KernelRuntime
from loom.core.config import Settings
from loom.core.engine.plan import Plan
from loom.rest.route import CompiledRoute


@dataclass(frozen=True)
class Application:
    """A compiled application; `app.state.loom` of the served app.

    Attributes:
        plans: use cases and jobs as data, in declaration order.
        routes: compiled routes, in the order they match.
        models: every model that became a table.
    """

    name: str
    version: str
    settings: Settings
    plans: tuple[Plan, ...]
    routes: tuple[CompiledRoute, ...]
    models: tuple[type[Any], ...]
    tables: Tables
    kernel: KernelRuntime
    database_url: str
