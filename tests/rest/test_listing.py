"""What a list may be asked for: what its answer shows, or what its interface names."""

from typing import Any

import httpx
import pytest

from loom.core.model import BaseModel, Cardinality, ColumnField, RelationField
from loom.core.repository.abc.query import PageResult, QuerySpec
from loom.core.response import Response
from loom.core.use_case import UseCase
from loom.rest.compiler import InterfaceCompilationError
from loom.rest.model import RestInterface, RestRoute


class Author(BaseModel):
    """Who writes."""

    __tablename__ = "listing_authors"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=40)
    salary: int = ColumnField(default=0)
    texts: list["Text"] = RelationField(
        foreign_key="author_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("with_texts",)
    )


class Text(BaseModel):
    """What is written."""

    __tablename__ = "listing_texts"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=40)
    author_id: int = ColumnField(foreign_key="listing_authors.id")


class Line(Response):
    """An author in a list."""

    id: int
    name: str


class ListLines(UseCase[Author, PageResult[Line]]):
    """Show less than there is."""

    async def execute(self, query: QuerySpec) -> PageResult[Line]:
        """Ask for authors, show lines."""
        page: Any = await self.main_repo.list_with_query(query)
        return PageResult(
            items=tuple(Line(id=item.id, name=item.name) for item in page.items),
            total_count=page.total_count,
            page=page.page,
            limit=page.limit,
            has_next=page.has_next,
        )


class Authors(RestInterface[Author]):
    """Auto-CRUD; relations by a profile."""

    prefix = "/authors"
    auto = True
    allowed_profiles = ("default", "with_texts")
    expose_profile = True


class Shown(RestInterface[Author]):
    """Auto-CRUD whose profile stays at the default."""

    prefix = "/shown"
    auto = True
    include = ("list",)


class Named(RestInterface[Author]):
    """An interface that names what may be asked."""

    prefix = "/named"
    routes = (
        RestRoute(ListLines, "GET", "/"),
        RestRoute(ListLines, "GET", "/short", max_limit=10, filterable=(), sortable=()),
    )
    filterable = ("name", "salary", "texts", "texts.title")
    sortable = ("salary",)
    max_limit = 100


class Lines(RestInterface[Author]):
    """What the answer shows, nothing named."""

    prefix = "/lines"
    routes = (RestRoute(ListLines, "GET", "/"),)


class Texts(RestInterface[Text]):
    """Auto-CRUD of texts."""

    prefix = "/texts"
    auto = True


@pytest.fixture
async def client(make: Any, connected: Any) -> Any:
    """A client of the application above."""
    app = make((Authors, Shown, Named, Lines, Texts))
    async with app.router.lifespan_context(app), connected(app) as running:
        for name, salary in (("Ada", 9), ("Bob", 3)):
            author = (await running.post("/authors/", json={"name": name, "salary": salary})).json()
            await running.post("/texts/", json={"title": f"by {name}", "authorId": author["id"]})
        yield running


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/lines/?name=Ada", 200),
        ("/lines/?sort=name", 200),
        ("/lines/?salary=9", 400),
        ("/lines/?sort=salary", 400),
        ("/lines/?texts__exists=true", 400),
        ("/authors/?texts__exists=true", 200),
        ("/authors/?texts__title=by Ada", 200),
        ("/shown/?texts__exists=true", 400),
        ("/shown/?texts__title=by Ada", 400),
        ("/named/?salary__gte=5", 200),
        ("/named/?texts__title=by Ada", 200),
        ("/named/?texts__exists=true", 200),
        ("/named/?texts__id=1", 400),
        ("/named/?id=1", 400),
        ("/named/?sort=salary", 200),
        ("/named/?sort=name", 400),
        ("/named/?limit=100", 200),
        ("/named/?limit=101", 400),
        ("/named/short?limit=10", 200),
        ("/named/short?limit=11", 400),
        ("/named/short?name=Ada", 400),
        ("/named/short?sort=name", 400),
    ],
)
async def test_list_answers_what_it_may_be_asked(client: httpx.AsyncClient, path: str, status: int) -> None:
    """A filter or sort on what is shown or named is run; any other is a 400."""
    assert status == (await client.get(path)).status_code


async def test_named_fields_filter_and_sort(client: httpx.AsyncClient) -> None:
    """A named column that the answer does not show works all the same."""
    page = (await client.get("/named/?salary__lt=10&sort=salary&direction=DESC&texts__title__like=by%25")).json()

    assert ["Ada", "Bob"] == [item["name"] for item in page["items"]]


async def test_short_page_is_the_default_where_it_is_the_longest(client: httpx.AsyncClient) -> None:
    """Where a page may not be as long as the usual default, its longest length is the default."""
    assert 10 == (await client.get("/named/short")).json()["limit"]


async def test_hint_is_given(client: httpx.AsyncClient) -> None:
    """A refused name comes with the closest one there is."""
    assert "did you mean 'name'?" in (await client.get("/lines/?nmae=Ada")).json()["detail"]


async def test_document_lists_what_may_be_asked(client: httpx.AsyncClient) -> None:
    """The document names the columns that filter and sort, and the longest page."""
    paths = (await client.get("/openapi.json")).json()["paths"]

    named = {p["name"]: p["schema"] for p in paths["/named/"]["get"]["parameters"]}
    assert (100, ["salary"]) == (named["limit"]["maximum"], named["sort"]["enum"])
    assert {"name", "salary", "or"} == named.keys() & {"id", "name", "salary", "or"}
    assert not {"sort", "name", "or"} & {p["name"] for p in paths["/named/short"]["get"]["parameters"]}


@pytest.mark.parametrize(
    ("named", "code", "hint"),
    [
        ({"filterable": ("nmae",)}, "unknown_list_field", "did you mean 'name'?"),
        ({"filterable": ("texts.titel",)}, "unknown_list_field", "did you mean 'texts.title'?"),
        ({"sortable": ("texts.title",)}, "unknown_list_field", ""),
        ({"max_limit": 0}, "bad_max_limit", ""),
        ({"max_limit": 1001}, "bad_max_limit", ""),
    ],
)
def test_wrong_declaration_is_found_before_anything_runs(
    make: Any, named: dict[str, Any], code: str, hint: str
) -> None:
    """A name the model does not have, or a length no page may have, is a diagnostic of the interface."""
    wrong = type("Wrong", (Lines,), {"prefix": "/wrong", **named})

    with pytest.raises(InterfaceCompilationError) as caught:
        make((Lines, wrong))

    found = caught.value.diagnostics[0]
    assert (code, hint) == (found.code, found.hint if hint else "")
