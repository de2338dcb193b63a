"""Testing an application without its database: use cases, HTTP interfaces, plans; and repositories with one."""

from loom.core.repository.memory import InMemoryRepository
from loom.testing.golden import GoldenHarness, serialize_plan
from loom.testing.http_harness import HttpTestHarness
from loom.testing.repository_harness import (
    EntityHarness,
    RepositoryIntegrationHarness,
    ScenarioDict,
    build_repository_harness,
)
from loom.testing.runner import UseCaseTest

__all__ = [
    "EntityHarness",
    "GoldenHarness",
    "HttpTestHarness",
    "InMemoryRepository",
    "RepositoryIntegrationHarness",
    "ScenarioDict",
    "UseCaseTest",
    "build_repository_harness",
    "serialize_plan",
]
