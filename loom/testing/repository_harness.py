"""Repositories on a real database, by short names, filled from a scenario."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loom.core.repository.sqlalchemy import SessionManager

ScenarioDict = Mapping[str, Sequence[Any]]
"""Rows to create, as commands or mappings, by the name of their entity."""


@dataclass(frozen=True)
class EntityHarness:
    """One entity of a harness.

    Attributes:
        repository: its repository.
        service: None; there for code that expects the attribute.
    """

    repository: Any
    service: Any = None


class RepositoryIntegrationHarness:
    """Entities by name as attributes: `harness.users.repository`.

    Attributes:
        session_manager: the database they are stored in.
    """

    def __init__(
        self,
        session_manager: "SessionManager",
        entities: Mapping[str, EntityHarness],
        load_order: Iterable[str] = (),
    ) -> None:
        self.session_manager = session_manager
        self._entities = dict(entities)
        self._load_order = tuple(load_order)

    def __getattr__(self, name: str) -> EntityHarness:
        """Return the entity `name`."""
        try:
            return self.__dict__["_entities"][name]  # type: ignore[no-any-return]  # what __init__ put there
        except KeyError:
            raise AttributeError(f"no entity is named {name!r}") from None

    async def load(self, scenario: ScenarioDict) -> dict[str, list[Any]]:
        """Create the rows of `scenario`: the names of the load order first, then in the order they stand.

        Returns:
            the created entities, by name, in the order of their rows.

        Raises:
            ValueError: a name is no entity's; nothing is created then.
        """
        unknown = [name for name in scenario if name not in self._entities]
        if unknown:
            raise ValueError(f"unknown entities in the scenario: {', '.join(unknown)}")
        first = [name for name in self._load_order if name in scenario]
        names = dict.fromkeys((*first, *scenario))
        return {name: [await self._entities[name].repository.create(row) for row in scenario[name]] for name in names}


def build_repository_harness(
    *,
    session_manager: "SessionManager",
    models: Mapping[str, type[Any]],
    repositories: Mapping[str, Any] | None = None,
    load_order: Iterable[str] = (),
) -> RepositoryIntegrationHarness:
    """Return a harness over `models`, which must have been compiled.

    Args:
        models: by the name they get.
        repositories: by name: an instance, or a class to be made, in place of the model's own repository.
        load_order: names that are loaded first, parents before children.
    """
    given = repositories or {}
    entities = {
        name: EntityHarness(_repository(session_manager, model, given.get(name))) for name, model in models.items()
    }
    return RepositoryIntegrationHarness(session_manager, entities, load_order)


def _repository(session_manager: "SessionManager", model: type[Any], given: Any) -> Any:
    """An instance is taken as it is; a class is made; without either the model's registered class counts."""
    from loom.core.repository.sqlalchemy import (  # SQLAlchemy only for those who use it
        RepositorySQLAlchemy,
        get_repository_registration,
    )

    if given is not None and not isinstance(given, type):
        return given
    registered = get_repository_registration(model)
    cls = given or (registered.repository_type if registered is not None else RepositorySQLAlchemy)
    return cls(session_manager=session_manager, model=model)
