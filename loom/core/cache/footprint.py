"""What the cached values of one repository are called, and what they depend on."""

from collections.abc import Sequence
from typing import Any

from loom.core.cache.abc import DependencyResolver
from loom.core.cache.entries import info_of, shape_of
from loom.core.cache.keys import entity_key, list_index_key, stable_hash
from loom.core.cache.sources import Sources, declared_specs, related_tables, sources_of
from loom.core.errors import InvalidQuery
from loom.core.repository.mutation import tag_text
from loom.core.repository.values import column_value


class Footprint:
    """Keys and tags of one repository.

    Attributes:
        entity_name: the table, or the lower-cased name of the repository's class.
        info: what the model declares; None where the repository names no model with one key column.
    """

    def __init__(self, repository: Any, resolver: DependencyResolver) -> None:
        model = getattr(repository, "model", None)
        self.entity_name: str = getattr(repository, "entity_name", None) or type(repository).__name__.lower()
        self.info = info_of(model)
        self._is_keyless = self.info is None and hasattr(model, "__tablename__")
        self._shape = shape_of(model)
        self._resolver = resolver
        self._sources: dict[str, Sources] = {}
        self._declared = declared_specs(getattr(repository, "depends_on", ()))

    def is_cacheable(self, profile: str) -> bool:
        """Return whether all is known that values of `profile` depend on."""
        return not self._is_keyless and self.sources(profile).known

    def sources(self, profile: str) -> Sources:
        """Return what `profile` reads."""
        known = self._sources.get(profile)
        if known is None:
            known = self._declared
            if self.info is not None:
                known |= sources_of(self.info, profile) if profile in self.info.profiles else Sources(known=False)
            if known.known:  # clients choose profiles, so they must not fill memory
                self._sources[profile] = known
        return known

    def all_sources(self) -> Sources:
        """Return what any profile reads."""
        found = self._declared
        for profile in self.info.profiles if self.info is not None else ("default",):
            found |= self.sources(profile)
        return found

    def id_text(self, obj_id: Any) -> str | None:
        """Return an id as it stands in keys and tags, however a caller writes it; None where it can be no row's."""
        if self.info is None or self.info.id_column is None:
            return tag_text(obj_id)
        try:
            typed = column_value(self.info.columns[self.info.id_column], obj_id)
        except InvalidQuery:
            return None
        return None if typed is None else tag_text(typed)

    def id_of(self, entity: Any) -> Any:
        """Return the id of an entity; None where it has none."""
        return getattr(entity, (self.info.id_column if self.info is not None else None) or "id", None)

    def entity_key(self, key: str, profile: str) -> str:
        """Return the key of one row."""
        return f"{entity_key(self.entity_name, key, profile)}:{self._shape}"

    def entity_tags(self, key: str, profile: str) -> tuple[str, ...]:
        """Return what one row in one profile depends on."""
        sources = self.sources(profile)
        children = (tag for spec in sources.by_owner for tag in (spec, f"{spec}:{key}"))
        return (*self._resolver.entity_tags(self.entity_name, key), *sources.tables, *children)

    def list_key(self, question: Any, profile: str) -> str | None:
        """Return the key of a list; None where the question cannot be told from others."""
        try:
            return f"{list_index_key(self.entity_name, stable_hash(question), profile)}:{self._shape}"
        except TypeError:
            return None

    def list_tags(self, key: str, fields: Sequence[str]) -> tuple[str, ...]:
        """Return what decides which rows are on a list that is filtered and sorted by `fields`, and their order."""
        relations = self.info.relations if self.info is not None else {}
        roots = [root for root in {field.partition(".")[0] for field in fields} if root in relations]
        through = (table for root in roots for table in related_tables(relations[root]))
        return (*self._resolver.list_tags(self.entity_name, key), *through)

    def guard_tags(self, profile: str) -> tuple[str, ...]:
        """Return what changes whenever any row changes that a list in `profile` shows."""
        tables = self.sources(profile).touched_tables()
        return (self.entity_name, f"{self.entity_name}:*", *tables)

    def query_key(self, name: str, arguments: Any) -> str | None:
        """Return the key of one call of a read method; None where its arguments cannot be told from others."""
        try:
            return f"{self.entity_name}:{name}:{self._shape}:{stable_hash(arguments)}"
        except TypeError:
            return None

    def query_tags(self) -> tuple[str, ...]:
        """Return what a read method depends on."""
        return (self.entity_name, f"{self.entity_name}:*", *self.all_sources().touched_tables())
