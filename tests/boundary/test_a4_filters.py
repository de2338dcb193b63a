"""A4. What a client is not shown, it cannot find out: not by filters, not by sorting, not by cursors."""

import string
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from loom.core.errors import InvalidQuery
from loom.core.model import inspect_model
from loom.core.repository.abc.query import FilterGroup, FilterOp, FilterSpec
from loom.core.repository.conditions import resolve

TOKEN = "k7Qm2ZxR9pLw4TtB8sVd"
ALPHABET = string.ascii_letters + string.digits
Oracle = Callable[[str], Any]


@pytest.fixture
async def members(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Two members; the first has a token."""
    bodies = [{"name": "Ada", "token": TOKEN, "age": 3}, {"name": "Bob", "token": "0" * 20, "age": 9}]
    found = [(await client.post("/members/", json=body)).json() for body in bodies]
    await client.post("/loans/", json={"memberId": found[0]["id"], "title": "Dune"})
    return found


async def recovered(client: httpx.AsyncClient, ask: Oracle) -> str:
    """Return as much of Ada's token as an attacker gets who asks one yes-or-no question per character."""
    known = ""
    for _ in TOKEN:
        for char in ALPHABET:
            answer = await client.get(ask(known + char))
            if answer.status_code == 200 and any(item["name"] == "Ada" for item in answer.json()["items"]):
                known += char
                break
        else:
            return known
    return known


@pytest.mark.parametrize(
    "ask",
    [
        "/cards/?token__like={}%25",
        "/cards/?token__gte={}&token__lt={}~",
        "/cards/?or=(token__like={}%25)",
        "/cards/?or=(and(id__gte=0,token__like={}%25),id=0)",
        "/cards/?Token__like={}%25",
        "/cards/?member.token__like={}%25",
        "/cards/?edge_members__token__like={}%25",
        "/cards/?loans__member__token__like={}%25",
    ],
)
async def test_hidden_column_is_no_oracle(client: httpx.AsyncClient, members: Any, ask: str) -> None:
    """Not one character of a column the answer does not show is recovered by filtering."""
    found = await recovered(client, lambda guess: ask.replace("{}", guess))

    assert "" == found


async def test_control_a_declared_column_is_an_oracle(client: httpx.AsyncClient, members: Any) -> None:
    """The same attack on a route that declares the column filterable recovers all of it."""
    found = await recovered(client, lambda guess: f"/cards/open?token__like={guess}%25")

    assert TOKEN == found


@pytest.mark.parametrize("route", ["/cards/", "/cards/again"])
async def test_hidden_column_does_not_sort(client: httpx.AsyncClient, members: Any, route: str) -> None:
    """A sort by what is not shown is refused; so is a cursor that would carry its value."""
    statuses = [
        (await client.get(f"{route}?{query}")).status_code
        for query in ("sort=token", "sort=token&pagination=cursor&limit=1", "sort=TOKEN", "sort=loans.title")
    ]

    assert [400] * 4 == statuses


async def test_control_a_declared_column_sorts(client: httpx.AsyncClient, members: Any) -> None:
    """A route that declares the column sorts by it."""
    page = (await client.get("/cards/open?sort=token")).json()

    assert ["Bob", "Ada"] == [item["name"] for item in page["items"]]


async def test_what_exists_is_refused_like_what_does_not(client: httpx.AsyncClient) -> None:
    """A refusal does not tell whether a hidden field exists."""
    hidden, unknown = [(await client.get(f"/cards/?{name}=x")).json()["detail"] for name in ("token", "taken")]

    assert hidden.replace("token", "taken") == unknown


@pytest.mark.parametrize(
    "key",
    [
        "nothing",
        "__class__",
        "__dict__",
        "__table__",
        "t1.name",
        "edge_members.name",
        "name.real",
        "loans",
        "loans__exists",
        "loans__title",
        "loans__nothing",
        "name__upper",
        "name__startswith",
        "id;--",
        "a" * 5_000,
        "*",
        "1",
    ],
)
async def test_field_that_is_not_shown_is_refused(client: httpx.AsyncClient, key: str) -> None:
    """Unknown, private, prefixed and undeclared relational names are a 400 with a short text."""
    answer = await client.get("/cards/", params={key: "1"})

    assert (400, True) == (answer.status_code, len(answer.json()["detail"]) < 200)


async def test_declared_relation_filters(client: httpx.AsyncClient, members: Any) -> None:
    """A relation's column filters where the interface declares it, each row by its own relations."""
    page = (await client.get("/cards/open?loans__title=Dune")).json()

    assert ["Ada"] == [item["name"] for item in page["items"]]


async def test_wildcards_match_only_where_they_are_meant(client: httpx.AsyncClient, members: Any) -> None:
    """`%` and `_` are wildcards to `like` and characters to everything else."""
    counts = [
        len((await client.get("/members/", params=query)).json()["items"])
        for query in ({"name": "%"}, {"name__in": "%,_"}, {"name__like": "%"}, {"name__like": "\\%"})
    ]

    assert [0, 0, 2, 0] == counts


@pytest.mark.parametrize(
    "group",
    [
        "a=1",
        "()",
        "(",
        "(id=1",
        "(id=1))",
        "(id=1,)",
        "(,id=1)",
        "(id)",
        "(=1)",
        "(id=1 or 1=1)",
        '(name="a)',
        "(and(id=1)",
        "and(id=1)",
        "(" + "or(" * 30 + "id=1" + ")" * 31,
        "(" * 2_000,
        "(token=a)",
        "(id=x)",
        "(id=1\x00)",
        "(na\x00me=1)",
    ],
)
async def test_malformed_group_is_refused(client: httpx.AsyncClient, group: str) -> None:
    """A group that cannot be read, is nested too deep, or names what is not shown is a 400."""
    answer = await client.get("/cards/", params={"or": group})

    assert (400, str) == (answer.status_code, type(answer.json()["detail"]))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"or": "(age=3,age=9)"}, ["Ada", "Bob"]),
        ({"or": "(age=3,name=Bob)"}, ["Ada", "Bob"]),
        ({"or": "(age=3,name=Bob)", "id__gte": "0", "name__like": "B%"}, ["Bob"]),
        ({"or": ["(age=3,age=9)", "(name=Bob,name=Cid)"]}, ["Bob"]),
        ({"or": "(and(age__gt=1,age__lt=5),and(name=Bob,age=0))"}, ["Ada"]),
        ({"or": '(name="Ada",name__in="Cid,Dan")'}, ["Ada"]),
        ({"or": '(name="a, (b) \\"c\\"")'}, []),
        ({"or": "(age=4)"}, []),
        ({"or": "(name=)"}, []),
    ],
)
async def test_groups_of_which_one_must_hold(
    client: httpx.AsyncClient, members: Any, query: dict[str, Any], names: list[str]
) -> None:
    """`or=(...)` holds where one of its filters does; groups and single filters must all hold."""
    answer = await client.get("/members/", params=query)

    assert names == [item["name"] for item in answer.json()["items"]]


@pytest.mark.parametrize("count", [10_001, 30_000])
async def test_list_without_end_is_refused(client: httpx.AsyncClient, count: int) -> None:
    """A list of more values than a statement takes is a 400."""
    answer = await client.get("/members/?id__in=" + ",".join("1" * 1 for _ in range(count)))

    assert 400 == answer.status_code


async def test_filters_without_end_are_refused(client: httpx.AsyncClient) -> None:
    """More filters than a database parses are a 400."""
    answer = await client.get("/members/", params={"or": "(" + ",".join(["age=1"] * 201) + ")"})

    assert 400 == answer.status_code


def test_deep_groups_are_refused_below_the_edge_too() -> None:
    """Code that builds groups thirty levels deep gets an error, not a stack overflow."""
    from loom.core.model import BaseModel, ColumnField

    class Row(BaseModel):
        __tablename__ = "deep_rows"
        id: int = ColumnField(primary_key=True)

    group = FilterGroup((FilterSpec("id", FilterOp.EQ, 1),))
    for _ in range(30):
        group = FilterGroup((group,), "OR")

    with pytest.raises(InvalidQuery):
        resolve(inspect_model(Row), group)
