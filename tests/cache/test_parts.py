"""The parts of the cache one by one: configuration, keys, serializer, gateway, generations, what a model depends on."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
import pytest

from loom.core.cache import (
    CacheBackend,
    CacheConfig,
    CachedRepository,
    CacheGateway,
    DependencyResolver,
    GenerationalDependencyResolver,
    MsgspecSerializer,
    RepositoryCache,
    cached,
)
from loom.core.cache.keys import entity_key, list_index_key, stable_hash
from loom.core.cache.memory import MemoryCache
from loom.core.cache.sources import declared_specs, sources_of
from loom.core.command import Command, Patch
from loom.core.model import inspect_model
from loom.core.repository.memory import InMemoryRepository
from loom.core.repository.mutation import MutationEvent
from tests.cache.conftest import open_cache
from tests.cache.models import MODELS, Shelf, Volume, Writer


class Colour(StrEnum):
    RED = "red"


class Counting(InMemoryRepository[Writer]):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__(Writer)
        self.asked: list[str] = []

    async def get_by_id(self, obj_id: Any, profile: str = "default") -> Any:
        self.asked.append("get")
        return await super().get_by_id(obj_id, profile)

    async def list_paginated(self, *arguments: Any, **options: Any) -> Any:
        self.asked.append("list")
        return await super().list_paginated(*arguments, **options)


class Rename(Command, frozen=True):
    name: Patch[str]


def test_the_section_is_read_as_yaml_writes_it() -> None:
    """Backends are under `aiocache`; text is converted; a table has its own times."""
    config = CacheConfig.from_mapping(
        {"enabled": "true", "default_ttl": "60", "ttl": {"users": 5, "users_list": 6}, "aiocache": {"default": {}}}
    )

    assert (60, 5, 120, 6) == (
        config.ttl_for_single("x"),
        config.ttl_for_single("users"),
        config.ttl_for_list("x"),
        config.ttl_for_list("users"),
    )
    assert {"default": {}} == config.aiocache_config
    assert "default" == config.effective_counter_alias
    assert "c" == CacheConfig(counter_alias="c").effective_counter_alias


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (1, True),
        (1, 1.0),
        ("1", Decimal(1)),
        (None, "None"),
        ([1, 2], [2, 1]),
        ([[1], 2], [1, [2]]),
        ({"a": 1}, {"a": 2}),
        (Colour.RED, "red"),
        (date(2024, 1, 1), "2024-01-01"),
    ],
)
def test_different_arguments_have_different_keys(one: Any, other: Any) -> None:
    """Neither type nor order is lost."""
    assert stable_hash(one) != stable_hash(other)


def test_equal_arguments_share_a_key() -> None:
    """The order of a mapping or a set does not matter; what has no lasting text is refused."""
    assert stable_hash({"a": 1, "b": {3, 2}}) == stable_hash({"b": {2, 3}, "a": 1})
    assert entity_key("users", 1) != list_index_key("users", "1")
    with pytest.raises(TypeError):
        stable_hash(object())


def test_the_serializer_is_msgpack() -> None:
    """Bytes out, the same value in; nothing stays nothing."""
    serializer = MsgspecSerializer()

    assert {"a": [1, None]} == serializer.loads(serializer.dumps({"a": [1, None]}))
    assert (None, None) == (serializer.loads(None), MsgspecSerializer.encoding)


async def test_a_gateway_is_a_backend(url: str) -> None:
    """Every operation of the protocol, on an alias of values and on one of counters."""
    opened = open_cache(url)
    values, counters = opened._values, opened._counters
    await values.set_value("a", {"name": "Ada", "id": 1})
    await values.multi_set_values([("b", 2), ("c", 3)], ttl=60)

    assert isinstance(values, CacheBackend)
    assert Writer(id=1, name="Ada") == await values.get_value("a", type=Writer)
    assert [2, None, 3] == await values.multi_get_values(["b", "x", "c"], type=int)
    assert [] == await values.multi_get_values([])
    assert (True, False) == (await values.exists("a"), await values.exists("x"))
    assert (1, 0, 1) == (await values.delete("a"), await values.delete("a"), await values.delete_many(["b", "x"]))
    assert [1, 3, 2] == [await counters.incr("n"), await counters.incr("n", 2), await counters.incr("n", -1)]
    assert [5, 6] == [await values.incr("v", 5), await values.incr("v")]
    await values.clear()
    assert await values.get_value("c") is None
    await opened.close()


def test_a_cache_in_memory_is_bounded_by_the_configuration() -> None:
    """`max_size` goes to aliases in memory that say nothing themselves."""
    from aiocache import caches

    before = caches.get_config()
    config = {
        "default": {"cache": "aiocache.SimpleMemoryCache"},
        "own": {"cache": "aiocache.SimpleMemoryCache", "max_size": 9},
    }
    try:
        CacheGateway.apply_config(CacheConfig(max_size=5, aiocache_config=config))
        sizes = [caches.get_config()[alias]["max_size"] for alias in ("default", "own")]
        made = caches.get("default")
    finally:
        caches.set_config(before)

    assert ([5, 9], MemoryCache) == (sizes, type(made))


async def test_the_least_recently_used_entry_goes_first() -> None:
    """A read keeps an entry alive."""
    kept = MemoryCache(max_size=2)
    for key in ("a", "b"):
        await kept.set(key, key)
    await kept.get("a")
    await kept.set("c", "c")

    assert ["a", None, "c"] == await kept.multi_get(["a", "b", "c"])


async def test_a_generation_lasts_until_it_is_bumped() -> None:
    """Fingerprints differ by tags and change with any of them."""
    resolver = GenerationalDependencyResolver(open_cache("memory://")._counters)
    tags = resolver.entity_tags("users", 1)
    first = [await resolver.fingerprint(tags), await resolver.fingerprint(tags)]
    other = await resolver.fingerprint(resolver.entity_tags("users", 2))
    await resolver.bump_from_events([MutationEvent("users", "update", (1,))])
    after = [await resolver.fingerprint(tags), await resolver.fingerprint(resolver.entity_tags("users", 2))]

    assert isinstance(resolver, DependencyResolver)
    assert first[0] == first[1] != after[0]
    assert other == after[1]


async def test_a_generation_that_was_dropped_does_not_come_back() -> None:
    """A store may forget a generation: nothing kept under an older one is found again."""
    counters = open_cache("memory://")._counters
    resolver = GenerationalDependencyResolver(counters)
    seen = set()
    for _ in range(5):
        seen.add(await resolver.fingerprint(["t"]))
        await counters.clear()

    assert 5 == len(seen)


def test_what_a_model_depends_on_is_inferred() -> None:
    """Children by their key, referenced rows by table; an explicit spec has a form."""
    full, plain = sources_of(inspect_model(Volume), "full"), sources_of(inspect_model(Volume), "default")

    assert ("ct_volumes:shelf_id",) == sources_of(inspect_model(Shelf), "counted").by_owner
    assert (("ct_volume_words:volume_id",), {"ct_writers", "ct_words"}) == (full.by_owner, set(full.tables))
    assert ((), ()) == (plain.by_owner, plain.tables)
    with pytest.raises(ValueError, match="Invalid dependency spec"):
        declared_specs(["reviews"])


async def test_any_repository_can_be_wrapped() -> None:
    """One that tells of nothing is cached too: the wrapper tells of the writes it sees."""
    writers = Counting()
    wrapped = open_cache("memory://").wrap(writers)
    writer = await wrapped.create({"name": "A"})
    names = [(await wrapped.get_by_id(writer.id)).name for _ in range(2)]
    await wrapped.update(writer.id, Rename.from_payload({"name": "B"})[0])
    names += [(await wrapped.get_by_id(writer.id)).name for _ in range(2)]

    assert (["A", "A", "B", "B"], ["get", "get"]) == (names, writers.asked)


async def test_dependencies_of_a_repository_are_heeded() -> None:
    """`depends_on` of the class: a child's event with the parent's id makes the parent outdated."""

    class Dependent(Counting):
        depends_on = ("notes:writer_id",)

    writers = Dependent()
    writers.seed(Writer(id=1, name="A"), Writer(id=2, name="B"))
    wrapped = open_cache("memory://").wrap(writers)
    for key in (1, 2):
        await wrapped.get_by_id(key)
    await wrapped.on_transaction_committed(
        [MutationEvent("notes", "create", (7,), tags=frozenset({"notes:writer_id:1"}))]
    )
    for key in (1, 2):
        await wrapped.get_by_id(key)

    assert 3 == len(writers.asked)


def test_a_repository_can_be_marked() -> None:
    """`@cached` leaves a mark."""
    assert cached(type("R", (), {})).__cache_policy__ is True


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "ftp://x"}, "must begin with"),
        ({"aiocache_alias": "other"}, "no alias 'other'"),
        ({"counter_alias": "numbers"}, "no alias 'numbers'"),
        ({"aiocache": {"default": {"cache": "aiocache.NoSuchCache"}}}, "cannot be made"),
    ],
)
def test_a_configuration_that_cannot_be_made_is_refused(values: dict[str, Any], words: str) -> None:
    """At start, with the key that is wrong."""
    with pytest.raises(ValueError, match=words):
        RepositoryCache(CacheConfig.from_mapping(values), MODELS, namespace="x")


def test_a_value_that_does_not_fit_is_refused() -> None:
    """Times are whole seconds."""
    with pytest.raises(msgspec.ValidationError):
        CacheConfig.from_mapping({"default_ttl": "soon"})


def test_the_wrapper_is_what_the_contract_names() -> None:
    """It can be made by hand from its four parts."""
    counters = open_cache("memory://")._counters
    made = CachedRepository(
        Counting(), config=CacheConfig(), cache=counters, dependency_resolver=GenerationalDependencyResolver(counters)
    )

    assert "counting" == made.entity_name
