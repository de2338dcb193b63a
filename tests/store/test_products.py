"""Products: explicit queries, pages, jobs with callbacks, the workflow."""

from typing import Any
from uuid import UUID

import httpx
import pytest

pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)

SOLD_OUT = {"sku": "NEW-001", "name": "Sold Out Lamp", "category": "desk", "priceCents": 4200, "stock": 0}


async def created(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Return a product made through the API."""
    answer = await client.post("/products/", json={**SOLD_OUT, **changes})
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    return body


async def every_product(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return all products, by id, as one offset page."""
    page = (await client.get("/products/?pagination=offset&sort=id&limit=500")).json()
    items: list[dict[str, Any]] = page["items"]
    assert page["total_count"] == len(items)
    return items


async def walk(client: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    """Follow `next_cursor` to the end and return every item met."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        url = httpx.URL(f"/products/?{query}").copy_merge_params(cursor)
        page = (await client.get(url)).json()
        items += page["items"]
        assert page["has_next"] is (page["next_cursor"] is not None)
        if not page["has_next"]:
            return items
        cursor = {"after": page["next_cursor"]}
        assert len(items) < 1000


async def test_low_stock_is_scarce_and_sorted(client: httpx.AsyncClient) -> None:
    """The low-stock list holds every product with five or fewer, scarcest first."""
    expected = sorted(p["stock"] for p in await every_product(client) if p["stock"] <= 5)

    page = (await client.get("/products/low-stock")).json()

    assert expected == [product["stock"] for product in page["items"]]
    assert len(expected) == page["total_count"]


async def test_low_stock_shows_a_product_at_once(client: httpx.AsyncClient) -> None:
    """A product created with little stock is in the next low-stock answer."""
    product = await created(client)

    page = (await client.get("/products/low-stock")).json()

    assert product in page["items"]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("limit", [1, 3, 32, 50])
async def test_cursor_walk_meets_every_product_once_in_order(
    client: httpx.AsyncClient, direction: str, limit: int
) -> None:
    """Following cursors over a column with ties gives each product exactly once, in order."""
    products = await every_product(client)

    met = await walk(client, f"sort=stock&direction={direction}&pagination=cursor&limit={limit}")

    assert [p["id"] for p in products] == sorted(p["id"] for p in met)
    assert sorted((p["stock"] for p in products), reverse=direction == "DESC") == [p["stock"] for p in met]


async def test_products_walk_by_cursor_unless_asked_for_pages(client: httpx.AsyncClient) -> None:
    """The interface's pagination mode holds where the query names none."""
    page = (await client.get("/products/?limit=2")).json()

    assert {"items", "next_cursor", "has_next"} == page.keys()


async def test_page_past_the_end_knows_the_total(client: httpx.AsyncClient) -> None:
    """An offset page behind the last one is empty and still counts everything."""
    total = len(await every_product(client))

    page = (await client.get("/products/?pagination=offset&page=50&limit=10")).json()

    assert {"items": [], "total_count": total, "page": 50, "limit": 10, "has_next": False} == page


async def test_filters_combine(client: httpx.AsyncClient) -> None:
    """Filters of the query string are all applied; camelCase names reach snake_case columns."""
    expected = [p["id"] for p in await every_product(client) if p["category"] == "desk" and p["priceCents"] >= 3600]

    page = (await client.get("/products/?category__eq=desk&priceCents__gte=3600&pagination=offset&sort=id")).json()

    assert expected == [product["id"] for product in page["items"]]


async def test_digits_stay_text_in_a_text_filter(client: httpx.AsyncClient) -> None:
    """A value that looks like a number is compared as text with a text column."""
    product = await created(client, sku="0042")

    pages = [(await client.get(f"/products/?sku={sku}")).json()["items"] for sku in ("0042", "42")]

    assert [[product], []] == pages


async def test_duplicate_sku_is_a_conflict(client: httpx.AsyncClient) -> None:
    """A unique column broken is a 409."""
    await created(client)

    answer = await client.post("/products/", json=SOLD_OUT)

    assert (409, "conflict") == (answer.status_code, answer.json()["detail"]["code"])


async def test_product_round_trip(client: httpx.AsyncClient) -> None:
    """Auto-CRUD creates, reads, changes and deletes."""
    product = await created(client)
    url = f"/products/{product['id']}"

    assert product == (await client.get(url)).json()
    changed = (await client.patch(url, json={"stock": 9})).json()
    assert {**product, "stock": 9, "updatedAt": changed["updatedAt"]} == changed
    assert changed == (await client.get(url)).json()
    assert (await client.delete(url)).json() is True
    assert 404 == (await client.get(url)).status_code


async def test_restock_email_marks_the_product(client: httpx.AsyncClient) -> None:
    """The dispatched job runs after the commit and its success callback changes the product."""
    product = await created(client)

    answer = await client.post(
        f"/products/{product['id']}/jobs/restock-email", json={"recipientEmail": "buying@example.com"}
    )

    assert (202, "notifications") == (answer.status_code, answer.json()["queue"])
    assert 4 == UUID(answer.json()["jobId"]).version
    assert "desk-notified" == (await client.get(f"/products/{product['id']}")).json()["category"]


async def test_workflow_summarises_and_notifies(client: httpx.AsyncClient) -> None:
    """The workflow answers the summary of another use case, and its job's callback is visible."""
    product = await created(client)

    answer = await client.post(
        f"/products/{product['id']}/workflows/restock", json={"recipientEmail": "buying@example.com"}
    )

    assert 202 == answer.status_code
    assert {"summary", "restockJobId", "queue"} == answer.json().keys()
    assert "Sold Out Lamp (NEW-001): 0 in stock" == answer.json()["summary"]
    assert "desk-notified" == (await client.get(f"/products/{product['id']}")).json()["category"]


async def test_failed_job_calls_the_failure_callback(client: httpx.AsyncClient) -> None:
    """A refused mail is no failure of the request; the failure callback changes the product."""
    product = await created(client)

    answer = await client.post(
        f"/products/{product['id']}/jobs/restock-email",
        json={"recipientEmail": "buying@example.com", "forceFail": True},
    )

    assert 202 == answer.status_code
    assert "desk-failed" == (await client.get(f"/products/{product['id']}")).json()["category"]


async def test_product_in_stock_needs_no_email(client: httpx.AsyncClient) -> None:
    """Where the job finds stock, nothing is marked."""
    product = await created(client, stock=3)

    await client.post(f"/products/{product['id']}/jobs/restock-email", json={"recipientEmail": "buying@example.com"})

    assert "desk" == (await client.get(f"/products/{product['id']}")).json()["category"]


@pytest.mark.parametrize("path", ["jobs/restock-email", "workflows/restock"])
async def test_missing_product_is_not_restocked(client: httpx.AsyncClient, path: str) -> None:
    """Asking for a product that is not there is a 404."""
    answer = await client.post(f"/products/9999/{path}", json={"recipientEmail": "buying@example.com"})

    assert (404, "Product") == (answer.status_code, answer.json()["detail"]["entity"])
