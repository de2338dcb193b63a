"""InMemoryRepository: what it adds to the contract every repository shares (tests/repository/test_contract.py)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from loom.core.errors import InvalidQuery
from loom.core.model import BaseModel, ColumnField
from loom.core.repository.abc import PageParams, PageResult, PaginationMode, QuerySpec, Repository, SortSpec
from loom.testing import InMemoryRepository
from tests.testing.shop import Customer, Line, Order


class Note(msgspec.Struct, frozen=True):
    text: str
    id: int = 0
    pinned: bool = False


class NoteInput(msgspec.Struct, frozen=True):
    text: str | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET


@dataclass(frozen=True)
class NoteData:
    text: str
    colour: str = "red"


class Code(BaseModel):
    __tablename__ = "kit_codes"
    code: str = ColumnField(primary_key=True)
    label: str = ColumnField(default="")


def test_it_satisfies_the_repository_protocol() -> None:
    """Every method of the contract is there."""
    methods = [name for name in dir(Repository) if not name.startswith("_")]

    assert 9 == len(methods)
    assert [] == [name for name in methods if not callable(getattr(InMemoryRepository, name, None))]


async def test_ids_go_on_above_the_seeded_ones_and_never_back() -> None:
    """A later seed with a lower id changes nothing; a deleted id is not given out again."""
    notes = InMemoryRepository(Note)
    notes.seed(Note("a", id=5), Note("b", id=3))
    notes.seed(Note("c", id=1))
    first = await notes.create(NoteData("d"))
    await notes.delete(first.id)

    assert (6, 7) == (first.id, (await notes.create(NoteData("e"))).id)


@pytest.mark.parametrize("data", [NoteInput(text="a"), NoteData("a"), {"text": "a"}])
async def test_same_named_values_are_copied_from_whatever_is_given(data: Any) -> None:
    """Structs, dataclasses and mappings; what the entity does not know is left out, what is absent keeps its default."""
    assert Note("a", id=1, pinned=False) == await InMemoryRepository(Note).create(data)


async def test_a_creator_makes_the_entity() -> None:
    """It is given what `create` is given and the next id."""
    notes = InMemoryRepository(Note, creator=lambda data, next_id: Note(data.text.upper(), id=next_id * 10))

    assert [Note("A", id=10), Note("B", id=110)] == [await notes.create(NoteData(text)) for text in "ab"]


async def test_another_field_may_be_the_id() -> None:
    """By name, or the primary key of a model that has no field `id`."""
    by_text = InMemoryRepository(Note, id_field="text")
    by_text.seed(Note("a", id=1), Note("b", id=1))
    codes = InMemoryRepository(Code)
    await codes.create({"code": "x", "label": "X"})

    assert Note("b", id=1) == await by_text.get_by_id("b")
    assert 2 == await by_text.count()
    assert Code(code="x", label="X") == await codes.get_by_id("x")


async def test_an_update_changes_what_is_sent_and_never_the_id() -> None:
    """UNSET is left alone; an unknown id gives None."""
    notes = InMemoryRepository(Note)
    notes.seed(Note("a", id=1))

    assert Note("a", id=1, pinned=True) == await notes.update(1, NoteInput(pinned=True))
    assert Note("b", id=1, pinned=True) == await notes.update(1, {"text": "b", "id": 9})
    assert None is await notes.update(2, {"text": "c"})


async def test_a_list_without_a_page_is_a_plain_list() -> None:
    """Called with nothing it gives everything; with page params a page."""
    notes = InMemoryRepository(Note)
    notes.seed(*(Note(str(number), id=number) for number in range(1, 4)))

    assert ["1", "2", "3"] == [note.text for note in await notes.list_paginated()]
    page = await notes.list_paginated(PageParams(page=2, limit=2))
    assert (PageResult, ("3",), 3) == (type(page), tuple(note.text for note in page.items), page.total_count)


async def test_a_walk_over_a_plain_struct_loses_nothing() -> None:
    """Where nothing is declared a primary key the id breaks ties, so equal sort values come once each."""
    notes = InMemoryRepository(Note)
    notes.seed(*(Note("same", id=number) for number in range(1, 8)))
    seen: list[int] = []
    query = QuerySpec(sort=(SortSpec("text"),), pagination=PaginationMode.CURSOR, limit=3)
    while True:
        step: Any = await notes.list_with_query(query)
        seen += [note.id for note in step.items]
        if not step.has_next:
            break
        query = replace(query, cursor=step.next_cursor)

    assert list(range(1, 8)) == seen


async def test_times_the_database_would_set_are_set() -> None:
    """A timestamped model gets both times on create, and a later second one on update."""
    customers = InMemoryRepository(Customer)
    made = await customers.create({"fullName": "Ann", "email": "a@x"})
    changed = await customers.update(1, {})

    assert made.created_at == changed.created_at
    assert isinstance(made.updated_at, datetime)
    assert changed.updated_at >= made.updated_at


ORDER = Order(id=1, customer_id=1, lines=[Line(id=1, order_id=1, sku="a"), Line(id=2, order_id=1, sku="b")])
SHOWN: list[tuple[str, dict[str, Any]]] = [
    ("default", {"has_lines": True, "line_count": UNSET, "skus": UNSET, "lines": UNSET}),
    ("summary", {"has_lines": UNSET, "line_count": 2, "skus": [{"sku": "a"}, {"sku": "b"}], "lines": UNSET}),
    ("detail", {"has_lines": True, "line_count": 2, "skus": UNSET, "lines": ORDER.lines}),
]


@pytest.mark.parametrize(("profile", "expected"), SHOWN)
async def test_a_profile_shows_its_relations_and_computes_its_projections(
    profile: str, expected: dict[str, Any]
) -> None:
    """From the relations an entity was seeded with, alike for one entity, a page, a step and the plain list."""
    orders = InMemoryRepository(Order)
    orders.seed(ORDER)
    step = QuerySpec(pagination=PaginationMode.CURSOR)
    shown = [
        await orders.get_by_id(1, profile=profile),
        (await orders.list_with_query(QuerySpec(), profile=profile)).items[0],
        (await orders.list_with_query(step, profile=profile)).items[0],
        (await orders.list_paginated(profile=profile))[0],
    ]

    assert [expected] * 4 == [{name: getattr(order, name) for name in expected} for order in shown]


async def test_a_projection_without_its_relation_has_its_default_or_is_not_there() -> None:
    """An entity seeded without its lines says nothing about them; a value seeded by hand is kept for its profiles."""
    orders = InMemoryRepository(Order)
    orders.seed(Order(id=1, customer_id=1), Order(id=2, customer_id=1, line_count=9))

    first, second = await orders.list_paginated(profile="summary")

    assert (0, UNSET, 9) == (first.line_count, first.skus, second.line_count)
    assert [UNSET, UNSET] == [order.line_count for order in await orders.list_paginated()]


@pytest.mark.parametrize("model", [Customer, Order])
async def test_a_profile_the_model_does_not_have_is_refused(model: type[Any]) -> None:
    """By every read, whether or not there is anything to show."""
    repository: InMemoryRepository[Any] = InMemoryRepository(model)

    for read in (
        lambda: repository.get_by_id(1, profile="secret"),
        lambda: repository.list_with_query(QuerySpec(), profile="secret"),
        lambda: repository.list_with_query(QuerySpec(pagination=PaginationMode.CURSOR), profile="secret"),
        lambda: repository.list_paginated(profile="secret"),
    ):
        with pytest.raises(InvalidQuery, match="no profile 'secret'"):
            await read()


async def test_a_plain_struct_looks_the_same_in_every_profile() -> None:
    """It declares none, so there is nothing to refuse."""
    notes = InMemoryRepository(Note)
    notes.seed(Note("a", id=1))

    assert Note("a", id=1) == await notes.get_by_id(1, profile="detail")
