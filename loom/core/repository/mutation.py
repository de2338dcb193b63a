"""What a write changed, kept until the commit and then told to whoever wants to know.

Events are cheap to record: the tags are worked out when somebody asks. Hearers run after the commit and change nothing about
it: what one raises is logged.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any, Literal, Protocol, runtime_checkable

from msgspec import UNSET, Struct

from loom.core.model import EntityInfo
from loom.core.repository.values import DOCUMENTS

Op = Literal["create", "update", "delete"]

_log = logging.getLogger("loom.repository")


class MutationEvent(Struct, frozen=True):
    """One changed row, or several of one table.

    Attributes:
        entity: name of the table.
        op: "create", "update" or "delete".
        ids: primary keys of the rows; empty where nobody knows which, so that it may be any.
        changed_fields: columns that were written.
        tags: what a reader may depend on: `table`, `table:list`, `table:id:<id>`, `table:<column>:<value>`.
    """

    entity: str
    op: str
    ids: tuple[Any, ...]
    changed_fields: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


Events = Sequence[MutationEvent]


@runtime_checkable
class SupportsPostCommit(Protocol):
    """Wants to know what a transaction changed, once it is durable."""

    async def on_transaction_committed(self, events: Events) -> None:
        """Take note of `events`, in the order the changes were made."""


class Mutations:
    """What one transaction changed so far, and who wants to know."""

    def __init__(self) -> None:
        self._recorded: list[MutationEvent | Callable[[], MutationEvent]] = []
        self._hooks: list[SupportsPostCommit] = []
        self._listeners: list[SupportsPostCommit] = []

    def __len__(self) -> int:
        return len(self._recorded)

    def record(
        self,
        event: MutationEvent | Callable[[], MutationEvent],
        hooks: Iterable[SupportsPostCommit] = (),
        listeners: Iterable[SupportsPostCommit] = (),
    ) -> None:
        """Keep an event, or what makes it when somebody asks.

        Args:
            hooks: told once the transaction is durable.
            listeners: told then too, and where nobody can know whether it is: a commit that was cut off.
        """
        self._recorded.append(event)
        self._hooks.extend(hook for hook in hooks if hook not in self._hooks)
        self._listeners.extend(listener for listener in listeners if listener not in self._listeners)

    def events(self) -> tuple[MutationEvent, ...]:
        """Return everything recorded, in order."""
        made = [event if isinstance(event, MutationEvent) else event() for event in self._recorded]
        self._recorded[:] = made
        return tuple(made)

    async def announce(self, *, stored: bool) -> None:
        """Tell everybody; only the listeners where the outcome is not known (`stored` False)."""
        if self._listeners or (stored and self._hooks):
            await announce((*self._listeners, *(self._hooks if stored else ())), self.events())


def mutation_of(info: EntityInfo, op: Op, entity: Any, fields: Iterable[str] = ()) -> MutationEvent:
    """Return the event of one row, `entity` being the row as it is stored (or was, for a delete)."""
    table, key = info.table, getattr(entity, info.id_column or "", None)
    return MutationEvent(
        entity=table,
        op=op,
        ids=(key,),
        changed_fields=frozenset(fields),
        tags=frozenset((table, f"{table}:list", f"{table}:id:{tag_text(key)}", *_column_tags(info, entity))),
    )


def tag_text(value: Any) -> str:
    """Return a column's value as it stands in a tag."""
    return str(value.value if isinstance(value, Enum) else value)


def _column_tags(info: EntityInfo, entity: Any) -> Iterator[str]:
    for name, column in info.columns.items():
        value = getattr(entity, name, None)
        if value is not None and value is not UNSET and column.column_type.type_name not in DOCUMENTS:
            yield f"{info.table}:{name}:{tag_text(value)}"


# Hearers told so far in the running announcement: a service, its repositories and the wrappers around them may all name
# the same one.
_told: ContextVar[set[int] | None] = ContextVar("loom_told", default=None)


@contextmanager
def announcement() -> Iterator[None]:
    """Let `announce` tell each hearer once until the block ends; inside another announcement, that one goes on."""
    token = _told.set(set()) if _told.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _told.reset(token)


async def announce(hearers: Iterable[SupportsPostCommit], events: Events) -> None:
    """Tell each hearer once; what one raises is logged and keeps no other from hearing."""
    with announcement():
        for hearer in hearers:
            await _tell(hearer, events)


async def _tell(hearer: SupportsPostCommit, events: Events) -> None:
    told = _told.get()
    if told is None or id(hearer) in told:
        return
    told.add(id(hearer))
    try:
        await hearer.on_transaction_committed(events)
    except Exception:
        _log.exception("%s.on_transaction_committed failed", type(hearer).__qualname__)
