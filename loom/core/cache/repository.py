"""A repository read through the cache: same answers, fewer statements.

Rules for the next editor:
- A transaction reads what the database has, and stores nothing here: it may see rows that will never have been.
- A fingerprint is taken before the database is read. Where that cannot be (the rows of a list), a guard over everything the
  list reads is compared afterwards, and nothing is stored where it moved.
- Whatever the store raises, the repository answers instead.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from msgspec import structs

from loom.core.annotations import resolve_annotation
from loom.core.cache.abc import CacheBackend, CacheUnavailable, DependencyResolver
from loom.core.cache.config import CacheConfig
from loom.core.cache.decorators import MARK, QueryPolicy
from loom.core.cache.entries import MISSING, Codec, Page, Step, index_of, read_index, write_index
from loom.core.cache.footprint import Footprint
from loom.core.command import written_fields
from loom.core.repository.abc.query import (
    CursorResult,
    FilterGroup,
    FilterParams,
    PageParams,
    PaginationMode,
    QuerySpec,
    build_page_result,
)
from loom.core.repository.mutation import Events, MutationEvent, Op, SupportsPostCommit, announce, mutation_of, tag_text
from loom.core.uow.context import get_active_uow

_log = logging.getLogger("loom.cache")

_REFETCHED_AT_MOST = 3  # single reads a list is mended with; beyond, running it again is cheaper

Load = Callable[[], Awaitable[Any]]


class Invalidation:
    """Hears of commits and makes outdated what they changed. Equal where the resolver is the same."""

    def __init__(self, resolver: DependencyResolver) -> None:
        self.resolver = resolver

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Invalidation) and other.resolver is self.resolver

    def __hash__(self) -> int:
        return id(self.resolver)

    async def on_transaction_committed(self, events: Events) -> None:
        """Bump."""
        await self.resolver.bump_from_events(events)


class CachedRepository:
    """Wraps `repository`: `get_by_id`, lists and methods marked `@cache_query` are cached, the rest passes through.

    Args:
        repository: any repository; one on SQLAlchemy tells of every write on its engine, whoever makes it.
        config: times to live.
        cache: keeps the values.
        dependency_resolver: knows when they are outdated.
    """

    def __init__(
        self, repository: Any, *, config: CacheConfig, cache: CacheBackend, dependency_resolver: DependencyResolver
    ) -> None:
        self._repository = repository
        self._config = config
        self._cache = cache
        self._resolver = dependency_resolver
        self._footprint = Footprint(repository, dependency_resolver)
        self._codec = Codec(getattr(repository, "model", None))
        self._queries: dict[str, Callable[..., Awaitable[Any]]] = {}
        self._invalidation = _listening(repository, dependency_resolver)
        self._has_complained = False

    @property
    def entity_name(self) -> str:
        """The table, or the lower-cased name of the wrapped repository's class."""
        return self._footprint.entity_name

    def __getattr__(self, name: str) -> Any:
        if name == "_repository":  # not there yet: copying and unpickling ask before __init__
            raise AttributeError(name)
        found = getattr(self._repository, name)
        policy = getattr(found, MARK, None)
        if policy is None:
            return found
        if name not in self._queries:
            self._queries[name] = self._query(name, policy)
        return self._queries[name]

    async def get_by_id(self, obj_id: Any, profile: str = "default") -> Any:
        """Return the entity, or None; that there is none is not kept."""
        key = self._footprint.id_text(obj_id)

        async def load() -> Any:
            return await self._repository.get_by_id(obj_id, profile=profile)

        if key is None or self._passes_through(profile):
            return await load()
        tags = self._footprint.entity_tags(key, profile)
        return await self._through(self._footprint.entity_key(key, profile), tags, self._codec, self._ttl(), load)

    async def list_paginated(
        self, page_params: PageParams, filter_params: FilterParams | None = None, profile: str = "default"
    ) -> Any:
        """Return a page in primary-key order, filtered by equality."""

        async def load() -> Any:
            return await self._repository.list_paginated(page_params, filter_params, profile=profile)

        fields = tuple((filter_params or FilterParams()).filters)
        return await self._list(("paginated", page_params, filter_params), fields, profile, load, page_params)

    async def list_with_query(self, query: QuerySpec, profile: str = "default") -> Any:
        """Return the page or the step `query` asks for; of a walk by key only the first step is kept."""

        async def load() -> Any:
            return await self._repository.list_with_query(query, profile=profile)

        params = _page_params(query)
        if params is None or (query.pagination is PaginationMode.CURSOR and query.cursor):
            return await load()
        fields = (*_filtered(query.filters), *(sort.field for sort in query.sort))
        return await self._list(("query", query), fields, profile, load, params)

    async def create(self, data: Any) -> Any:
        """Insert and return the stored entity."""
        return await self._write("create", None, data, lambda: self._repository.create(data))

    async def update(self, obj_id: Any, data: Any) -> Any:
        """Change what `data` names and return the entity; None where there is none."""
        return await self._write("update", obj_id, data, lambda: self._repository.update(obj_id, data))

    async def delete(self, obj_id: Any) -> bool:
        """Return whether a row was deleted."""
        return bool(await self._write("delete", obj_id, None, lambda: self._repository.delete(obj_id)))

    async def on_transaction_committed(self, events: Events) -> None:
        """Make outdated what changed, and tell the wrapped repository."""
        told = [self._repository] if isinstance(self._repository, SupportsPostCommit) else []
        await announce([self._invalidation, *told], events)

    async def _through(self, key: str, tags: Sequence[str], codec: Codec, ttl: int, load: Load) -> Any:
        """Return the kept value, or what `load` gives, kept for the next caller unless it is None."""
        try:
            fresh = f"{key}:{await self._resolver.fingerprint(tags)}"
            value = codec.decode(await self._cache.get_value(fresh))
        except Exception as error:
            self._went_without(error)
            return await load()
        if value is not MISSING:
            return value
        value = await load()
        if value is not None:
            await self._keep([(fresh, codec.encode(value))], ttl)
        return value

    async def _list(self, question: Any, fields: Sequence[str], profile: str, load: Load, params: PageParams) -> Any:
        key = self._footprint.list_key(question, profile)
        if key is None or self._passes_through(profile):
            return await load()
        guard = self._footprint.guard_tags(profile)
        try:
            fresh, before = await self._resolver.fingerprints([self._footprint.list_tags(key, fields), guard])
            kept = await self._cache.get_value(f"{key}:{fresh}")
            found = await self._mended(read_index(kept), profile, params)
        except Exception as error:
            self._went_without(error)
            return await load()
        if found is not None:
            return found
        result = await load()
        await self._keep_list(f"{key}:{fresh}", result, profile, guard, before)
        return result

    async def _mended(self, index: Page | Step | None, profile: str, params: PageParams) -> Any:
        """Return the list with its entities from the cache, the few that are missing read anew; None where it cannot."""
        if index is None:
            return None
        keys = await self._fresh_keys(index.ids, profile)
        kept = await self._cache.multi_get_values(keys) if keys else []
        items = [self._codec.decode(value) for value in kept]
        missing = [at for at, item in enumerate(items) if item is MISSING]
        if len(missing) > _REFETCHED_AT_MOST:
            return None
        for at in missing:
            items[at] = await self._repository.get_by_id(index.ids[at], profile=profile)
            if items[at] is None:
                return None
        await self._keep([(keys[at], self._codec.encode(items[at])) for at in missing], self._ttl())
        return _rebuilt(index, items, params)

    async def _keep_list(self, key: str, result: Any, profile: str, guard: Sequence[str], before: str) -> None:
        index = index_of(result, self._footprint.id_of)
        if index is None:
            return
        try:
            *keys, after = await self._fresh_keys(index.ids, profile, guard)
        except Exception as error:
            self._went_without(error)
            return
        if before == after:
            items = zip(keys, map(self._codec.encode, result.items), strict=True)
            await self._keep(list(items), self._ttl())
            await self._keep([(key, write_index(index))], self._config.ttl_for_list(self.entity_name))

    async def _fresh_keys(self, ids: Sequence[Any], profile: str, *guards: Sequence[str]) -> list[str]:
        """Return the key each entity has now, and the fingerprint each guard has at that moment."""
        keys = [tag_text(key) for key in ids]
        tags = [self._footprint.entity_tags(key, profile) for key in keys]
        fingerprints = await self._resolver.fingerprints([*tags, *guards])
        named = [f"{self._footprint.entity_key(k, profile)}:{f}" for k, f in zip(keys, fingerprints, strict=False)]
        return [*named, *fingerprints[len(keys) :]]

    async def _keep(self, pairs: Sequence[tuple[str, bytes | None]], ttl: int) -> None:
        storable = [(key, value) for key, value in pairs if value is not None]
        if not storable:
            return
        try:
            if len(storable) == 1:
                await self._cache.set_value(*storable[0], ttl=ttl)
            else:
                await self._cache.multi_set_values(storable, ttl=ttl)
        except Exception as error:
            self._went_without(error)

    def _went_without(self, error: Exception) -> None:
        """The caller gets its answer all the same. A server that is gone says so itself; anything else is said once."""
        if not isinstance(error, CacheUnavailable) and not self._has_complained:
            self._has_complained = True
            _log.warning("%s cannot be cached", self.entity_name, exc_info=error)

    async def _write(self, op: Op, obj_id: Any, data: Any, write: Load) -> Any:
        """Write, and see to it that the change is told of, also where the repository tells of nothing."""
        mutations = getattr(_transaction(), "mutations", None)
        reported = 0 if mutations is None else len(mutations)
        result = await write()
        if result is None or result is False:
            return result
        event = self._event(op, obj_id, data, result)
        if mutations is None:
            await self._invalidation.on_transaction_committed((event,))
        elif len(mutations) == reported:
            mutations.record(event, listeners=(self._invalidation,))
        return result

    def _event(self, op: Op, obj_id: Any, data: Any, result: Any) -> MutationEvent:
        changed = frozenset(written_fields(data, creating=False)) if op == "update" else frozenset[str]()
        key = self._footprint.id_of(result) if obj_id is None else obj_id
        event = MutationEvent(self.entity_name, op, (key,), changed)
        info = self._footprint.info
        if info is None or not isinstance(result, info.model):
            return event
        known = mutation_of(info, op, result)
        return structs.replace(event, ids=known.ids, tags=known.tags)

    def _query(self, name: str, policy: QueryPolicy) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._repository, name)
        signature, codec = inspect.signature(method), Codec(_returned(method))

        async def run(*args: Any, **kwargs: Any) -> Any:
            async def load() -> Any:
                return await getattr(self._repository, name)(*args, **kwargs)

            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            key = self._footprint.query_key(name, dict(given.arguments))
            if key is None or _transaction() is not None or not self._footprint.all_sources().known:
                return await load()
            return await self._through(key, self._footprint.query_tags(), codec, self._query_ttl(policy), load)

        return run

    def _query_ttl(self, policy: QueryPolicy) -> int:
        default = self._ttl() if policy.scope == "entity" else self._config.ttl_for_list(self.entity_name)
        return self._config.ttl.get(policy.ttl_key or "", default)

    def _ttl(self) -> int:
        return self._config.ttl_for_single(self.entity_name)

    def _passes_through(self, profile: str) -> bool:
        return _transaction() is not None or not self._footprint.is_cacheable(profile)


def _listening(repository: Any, resolver: DependencyResolver) -> Invalidation:
    """Let the resolver hear of every commit on the repository's engine; once, however many repositories it has."""
    invalidation = Invalidation(resolver)
    listen = getattr(getattr(repository, "session_manager", None), "listen", None)
    if listen is not None:
        listen(invalidation)
    return invalidation


def _transaction() -> Any:
    running = get_active_uow()
    return running if running is not None and getattr(running, "is_open", True) else None


def _page_params(query: QuerySpec) -> PageParams | None:
    try:
        return PageParams(page=query.page, limit=query.limit)
    except ValueError:
        return None  # the repository words the refusal


def _filtered(group: FilterGroup | None) -> Iterator[str]:
    for part in group.filters if group is not None else ():
        if isinstance(part, FilterGroup):
            yield from _filtered(part)
        else:
            yield part.field


def _rebuilt(index: Page | Step, items: list[Any], params: PageParams) -> Any:
    if isinstance(index, Page):
        return build_page_result(items, index.total, params)
    return CursorResult(items=tuple(items), next_cursor=index.next_cursor, has_next=index.has_next)


def _returned(method: Any) -> Any:
    """Return the type a read declares to return; None where it says nothing that helps."""
    function = inspect.unwrap(getattr(method, "__func__", method))
    declared = resolve_annotation(function.__annotations__.get("return"), function.__module__)
    return None if declared in (Any, list, tuple) or isinstance(declared, str) else declared
