"""Generations: how a change makes exactly the cached values outdated that were made of it.

Every tag (a table, a row, "the children of row 7") has a generation, a random number. A value's key holds the fingerprint of
its tags' generations, so a new generation orphans it; nobody searches for keys to delete.

Why it is safe:
- A reader takes the fingerprint before it reads the database, a writer gives new generations after its commit. Whoever
  read the old row stores it under a fingerprint that is gone by then.
- A tag without a generation gets one before it is used. So the store may drop any of them at any time: a generation never
  comes back, and nothing old is found again.
- What could not be written while the store was out of reach is owed, and paid before the next value is read.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain
from typing import Any

from loom.core.cache.abc import CacheBackend
from loom.core.repository.mutation import Events, MutationEvent, tag_text

EPOCH = "*"
"""Tag of everything."""
_MOST_OWED = 1000
_LONGEST_TAG = 120


class GenerationalDependencyResolver:
    """Keeps generations in `cache`.

    Args:
        watched: `table:column` specs somebody depends on; generations of other columns are not kept. None keeps all.
        cascades: table -> tables whose rows the database deletes or changes with one of its rows.
        ttl: seconds a generation is kept; more than any value that depends on it.
    """

    def __init__(
        self,
        cache: CacheBackend,
        *,
        watched: Set[str] | None = None,
        cascades: Mapping[str, frozenset[str]] | None = None,
        ttl: int | None = None,
    ) -> None:
        self._cache = cache
        self._watched = watched
        self._cascades = cascades or {}
        self._ttl = ttl
        self._owed: set[str] = set()

    async def fingerprint(self, tags: Iterable[str]) -> str:
        """Return a text that is another one once any of `tags` was bumped."""
        return (await self.fingerprints([tags]))[0]

    async def fingerprints(self, groups: Sequence[Iterable[str]]) -> list[str]:
        """Return one fingerprint per group, all generations read in one round trip."""
        if self._owed:
            await self._pay()
        listed = [(EPOCH, *group) for group in groups]
        tags = list(dict.fromkeys(chain.from_iterable(listed)))
        generations = await self._generations(tags)
        return [_digest(generations[tag] for tag in group) for group in listed]

    async def bump_from_events(self, events: Events) -> None:
        """Give everything that depends on what changed a new generation; while the store is out of reach, later."""
        self._owed.update(chain.from_iterable(map(self._outdated, events)))
        if self._owed:
            try:
                await self._pay()
            except Exception:  # whatever a store raises means the same: it has not been told yet
                if len(self._owed) > _MOST_OWED:
                    self._owed = {EPOCH}

    def entity_tags(self, entity: str, id: Any) -> tuple[str, ...]:  # noqa: A002 - the API's name
        """Return what one row depends on; with None as id, what anything of the table does."""
        return (f"{entity}:id:{tag_text(id)}", f"{entity}:*") if id is not None else (entity,)

    def list_tags(self, entity: str, filter_fp: str) -> tuple[str, ...]:
        """Return what a list of the table depends on, whatever its filter."""
        return (f"{entity}:list",)

    async def _pay(self) -> None:
        paying = set(self._owed)
        await self._cache.multi_set_values([(_key(tag), _generation()) for tag in paying], ttl=self._ttl)
        self._owed -= paying

    async def _generations(self, tags: Sequence[str]) -> dict[str, Any]:
        found = dict(zip(tags, await self._cache.multi_get_values([_key(tag) for tag in tags]), strict=True))
        fresh = {tag: _generation() for tag, generation in found.items() if generation is None}
        if fresh:
            await self._cache.multi_set_values([(_key(tag), value) for tag, value in fresh.items()], ttl=self._ttl)
        return found | fresh

    def _outdated(self, event: MutationEvent) -> Iterator[str]:
        table = event.entity
        yield from (table, f"{table}:list")
        yield from (f"{table}:id:{tag_text(key)}" for key in event.ids)
        yield from (tag for tag in event.tags if self._matters(tag))
        if event.op == "update":  # a row that moved is missed by its old parent too, which nobody can name any more
            yield from (spec for field in event.changed_fields if self._matters(spec := f"{table}:{field}"))
        if not event.ids:
            yield from self._whole(table)
        if event.op == "delete":
            for other in self._cascades.get(table, ()):
                yield from self._whole(other)

    def _whole(self, table: str) -> Iterator[str]:
        yield from (table, f"{table}:list", f"{table}:*")
        yield from (spec for spec in self._watched or () if spec.startswith(f"{table}:"))

    def _matters(self, tag: str) -> bool:
        table, _, rest = tag.partition(":")
        column = rest.partition(":")[0]
        return self._watched is None or column in ("", "list", "id") or f"{table}:{column}" in self._watched


def _generation() -> int:
    return secrets.randbits(52)  # exact in every serializer


def _key(tag: str) -> str:
    if len(tag) <= _LONGEST_TAG:
        return f"tag:{tag}"
    return f"tag:{hashlib.blake2b(tag.encode(), digest_size=16).hexdigest()}"


def _digest(generations: Iterable[Any]) -> str:
    return hashlib.blake2b(":".join(map(str, generations)).encode(), digest_size=12).hexdigest()
