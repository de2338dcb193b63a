"""Relations of every cardinality and what is derived from them, by profile, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from loom.core.backend.profiles import InvalidProjections
from loom.core.backend.sqlalchemy import Tables
from loom.core.errors import InvalidQuery
from loom.core.model import BaseModel, Cardinality, ColumnField, Projection, ProjectionField, RelationField
from loom.core.projection import build_projection_plan, execute_projection_plan
from loom.core.projection.loaders import CountLoader, JoinFieldsLoader
from loom.core.repository.abc import FilterGroup, FilterOp, FilterSpec, PaginationMode, QuerySpec, SortSpec
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager, SQLAlchemyUnitOfWork
from tests.repository.models import Badge, Colour, Person, PersonSkill, Skill


@pytest.fixture
async def people(manager: SessionManager) -> RepositorySQLAlchemy[Person, int]:
    """Ann leads Bob and Cid; Ann has a badge; Bob knows two things, Cid one of them."""
    people = RepositorySQLAlchemy[Person, int](manager, Person)
    for name, boss in (("ann", None), ("bob", 1), ("cid", 1)):
        await people.create({"name": name, "boss_id": boss})
    await RepositorySQLAlchemy[Badge, int](manager, Badge).create({"person_id": 1, "colour": "red"})
    for word in ("weave", "spin"):
        await RepositorySQLAlchemy[Skill, int](manager, Skill).create({"word": word})
    links = RepositorySQLAlchemy[PersonSkill, int](manager, PersonSkill)
    for person, skill in ((2, 2), (2, 1), (3, 2)):
        await links.create({"person_id": person, "skill_id": skill})
    return people


@contextmanager
def counted(manager: SessionManager) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            seen.append(statement)

    sa.event.listen(manager.engine.sync_engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(manager.engine.sync_engine, "before_cursor_execute", note)


async def found(people: Any, obj_id: int, profile: str) -> Person:
    person: Person | None = await people.get_by_id(obj_id, profile)
    assert person is not None
    return person


async def test_a_to_one_relation_is_a_struct_or_none(people: Any) -> None:
    """Many-to-one gives the referenced entity, columns only; None where the key is NULL."""
    bob, ann = await found(people, 2, "around"), await found(people, 1, "around")

    assert Person(id=1, name="ann", boss_id=None) == bob.boss
    assert ann.boss is None


async def test_a_one_to_one_relation_is_found_from_the_other_side(people: Any) -> None:
    """The entity whose key points here, or None; values have their declared types."""
    assert (await found(people, 1, "default")).badge == Badge(id=1, person_id=1, colour=Colour.RED)
    assert (await found(people, 2, "default")).badge is None


async def test_a_one_to_many_relation_is_a_list_in_key_order(people: Any) -> None:
    """Every entity whose key points here, by primary key; an empty list where there is none."""
    assert [p.name for p in (await found(people, 1, "around")).reports] == ["bob", "cid"]
    assert (await found(people, 2, "around")).reports == []


async def test_a_many_to_many_relation_goes_through_its_link(people: Any) -> None:
    """The entities linked, by primary key and not by link; the target is found by the link where no model is annotated."""
    assert (await found(people, 2, "around")).skills == [Skill(id=1, word="weave"), Skill(id=2, word="spin")]
    assert (await found(people, 1, "around")).skills == []


async def test_what_a_profile_does_not_load_is_not_in_the_json(people: Any) -> None:
    """Relations and projections of other profiles are absent, loaded ones present even where empty."""
    document = msgspec.to_builtins(await found(people, 2, "default"))

    assert {"id": 2, "name": "bob", "bossId": 1, "badge": None} == document


async def test_create_and_update_return_columns(people: Any) -> None:
    """A write returns columns only, whatever the default profile adds."""
    made = await people.create({"name": "dee"})

    assert {"id": 4, "name": "dee", "bossId": None} == msgspec.to_builtins(made)
    assert {"id": 4, "name": "eve", "bossId": None} == msgspec.to_builtins(await people.update(4, {"name": "eve"}))


async def test_an_unknown_profile_is_the_callers_mistake(people: Any) -> None:
    """A profile the model does not have is refused with the closest name, in every read."""
    for read in (
        people.get_by_id(1, "arround"),
        people.get_by("name", "ann", "arround"),
        people.list_with_query(QuerySpec(), "arround"),
        people.list_with_query(QuerySpec(pagination=PaginationMode.CURSOR), "arround"),
    ):
        with pytest.raises(InvalidQuery, match="did you mean 'around'"):
            await read


@pytest.mark.parametrize(
    ("profile", "statements"), [("default", 2), ("around", 4), ("counts", 4), ("custom", 3), ("all", 4)]
)
async def test_a_list_costs_what_one_entity_costs(
    manager: SessionManager, people: Any, profile: str, statements: int
) -> None:
    """One statement for the rows and one for each relation or batched value, however many rows there are.

    In `all` every projection is computed from relations the profile loads anyway: three relations, no statement more.
    """
    last_first = (SortSpec("id", "DESC"),)
    with counted(manager) as one:
        await people.list_with_query(QuerySpec(limit=1, pagination=PaginationMode.CURSOR, sort=last_first), profile)
    with counted(manager) as many:
        await people.list_with_query(QuerySpec(limit=3, pagination=PaginationMode.CURSOR, sort=last_first), profile)

    assert (statements, statements) == (len(one), len(many))


DERIVED = {
    1: ("ANN 2", 2, False, []),
    2: ("BOB 0", 0, True, [{"word": "weave", "id": 1}, {"word": "spin", "id": 2}]),
    3: ("CID 0", 0, True, [{"word": "spin", "id": 2}]),
}


@pytest.mark.parametrize("profile", ["counts", "all"])
async def test_values_are_the_same_computed_here_or_there(people: Any, profile: str) -> None:
    """Derived values do not depend on whether they came from loaded relations (`all`) or statements (`counts`)."""
    page = await people.list_with_query(QuerySpec(), profile)

    assert DERIVED == {p.id: (p.shout, p.report_count, p.has_boss, p.skill_words) for p in page.items}


async def test_a_custom_loader_is_asked_once_for_all(people: Any) -> None:
    """Its answer by id; an id it does not know has the default, or stays absent."""
    page = await people.list_with_query(QuerySpec(), "custom")

    assert [msgspec.UNSET, 2, 1] == [p.skill_total for p in page.items]
    assert [None, 2, 1] == [p.skill_total_or_none for p in page.items]


async def test_profiles_work_inside_a_unit_of_work(manager: SessionManager, people: Any) -> None:
    """Relations and custom loaders see what the transaction has written."""
    async with SQLAlchemyUnitOfWork(manager):
        await people.create({"name": "dee", "boss_id": 2})
        page = await people.list_with_query(QuerySpec(), "counts")
        custom = await people.get_by_id(2, "custom")

    assert [2, 1, 0, 0] == [p.report_count for p in page.items]
    assert custom.skill_total == 2


FILTERS = [
    (FilterSpec("reports", FilterOp.EXISTS), ["ann"]),
    (FilterSpec("reports", FilterOp.NOT_EXISTS), ["bob", "cid"]),
    (FilterSpec("boss", FilterOp.EXISTS), ["bob", "cid"]),
    (FilterSpec("boss", FilterOp.EXISTS, False), ["ann"]),
    (FilterSpec("badge", FilterOp.NOT_EXISTS), ["bob", "cid"]),
    (FilterSpec("skills", FilterOp.NOT_EXISTS), ["ann"]),
    (FilterSpec("boss.name", FilterOp.EQ, "ann"), ["bob", "cid"]),
    (FilterSpec("reports.name", FilterOp.EQ, "cid"), ["ann"]),
    (FilterSpec("badge.colour", FilterOp.EQ, "red"), ["ann"]),
    (FilterSpec("skills.word", FilterOp.EQ, "weave"), ["bob"]),
    (FilterSpec("skills.word", FilterOp.IN, ["weave", "spin"]), ["bob", "cid"]),
    (FilterSpec("skills.word", FilterOp.NE, "spin"), ["bob"]),
]


@pytest.mark.parametrize(
    ("spec", "names"), FILTERS, ids=lambda v: f"{v.field}-{v.op}" if isinstance(v, FilterSpec) else ""
)
async def test_d12_relation_filters_look_at_each_rows_own_relations(
    people: Any, spec: FilterSpec, names: list[str]
) -> None:
    """A path through a relation is correlated, in every cardinality and for a model related to itself; no row repeats."""
    query = QuerySpec(filters=FilterGroup((spec,)), sort=(SortSpec("name"),))
    page = await people.list_with_query(query)

    assert (names, len(names)) == ([p.name for p in page.items], page.total_count)


async def test_d12_an_uncorrelated_filter_matches_everything(manager: SessionManager, people: Any) -> None:
    """The control: the two tables side by side without their join give every person as soon as any skill matches."""
    person, skill = manager.tables.table(Person), manager.tables.table(Skill)
    naive = sa.select(person.c.name).where(sa.exists(sa.select(skill.c.id).where(skill.c.word == "weave")))

    async with manager.session() as session:
        assert {"ann", "bob", "cid"} == set((await session.execute(naive)).scalars())


class Nothing:
    """Loads nothing."""


class One:
    def load_from_object(self, obj: Any, context: Any = None) -> int:
        return 1


def family(**projections: Any) -> tuple[type[Any], type[Any]]:
    class Leaf(BaseModel):
        __tablename__ = "leaves"
        id: int = ColumnField(primary_key=True)
        tree_id: int = ColumnField(foreign_key="trees.id")

    body = {
        "__module__": __name__,
        "__qualname__": "Tree",
        "__tablename__": "trees",
        "__annotations__": {"id": int, "leaves": list[Leaf], **dict.fromkeys(projections, int)},
        "id": ColumnField(primary_key=True),
        "leaves": RelationField(foreign_key="tree_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("all",)),
        **projections,
    }
    return type(BaseModel)("Tree", (BaseModel,), body), Leaf


BROKEN = [
    ({"n": ProjectionField(loader=CountLoader(Skill))}, ValueError, "no relation to Skill"),
    ({"n": ProjectionField(loader=Nothing())}, TypeError, "neither load_from_object nor load_many"),
    (
        {
            "a": ProjectionField(loader=One(), depends_on=("projection:b",)),
            "b": ProjectionField(loader=One(), depends_on=("a",), profiles=("other",)),
        },
        ValueError,
        "cycle",
    ),
]


@pytest.mark.parametrize(
    ("projections", "kind", "words"), BROKEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_projections_that_cannot_be_computed_are_refused_when_compiled(
    projections: Any, kind: type[Exception], words: str
) -> None:
    """No relation, no way to load, a cycle: an error with a diagnostic, before any request; no table is left behind."""
    tree, _ = family(**projections)
    tables = Tables()

    with pytest.raises(kind, match=words) as caught:
        tables.compile(tree)
    assert isinstance(caught.value, InvalidProjections)
    assert all(d.where.startswith("Tree") for d in caught.value.diagnostics)
    assert not tables.metadata.tables


def test_a_joined_column_that_does_not_exist_is_named() -> None:
    """A misspelt value column is refused when compiled, with the closest one."""
    tree, leaf = family()
    tree, leaf = family(n=ProjectionField(loader=JoinFieldsLoader(model=lambda: leaf, value_columns=("tree_di",))))
    tables = Tables()

    with pytest.raises(InvalidProjections, match="did you mean 'tree_id'"):
        tables.compile(tree)


class Doubled:
    def load_from_object(self, obj: Any, context: Any = None) -> int:
        return 2 * context["size"]


class Sized:
    async def load_many(self, session: Any, parent_ids: list[int]) -> dict[int, int]:
        return {i: i * session for i in parent_ids if i < 3}


async def test_a_plan_runs_on_its_own() -> None:
    """Values by index and field, in the order of dependencies; what nobody has is left out."""
    specs = {
        "double": Projection(loader=Doubled(), depends_on=("size",)),
        "size": Projection(loader=Sized(), default=0),
    }
    skills = [Skill(id=i) for i in (1, 3)]

    plan = build_projection_plan(specs)
    values = await execute_projection_plan(plan, objs=skills, id_attr="id", backend_context=10)

    assert {0: {"size": 10, "double": 20}, 1: {"size": 0, "double": 0}} == values


async def test_a_batched_loader_needs_a_backend() -> None:
    """Without a context it says what it is missing."""
    plan = build_projection_plan({"size": Projection(loader=Sized())})

    with pytest.raises(RuntimeError, match="requires backend context"):
        await execute_projection_plan(plan, objs=[Skill(id=1)], id_attr="id", backend_context=None)
