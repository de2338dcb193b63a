"""The shop answers as the applications it stands for expect: users, addresses, products, jobs, orders."""

import importlib
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient


def user(client: TestClient, email: str = "ada@example.com") -> dict[str, Any]:
    answer = client.post("/users/", json={"fullName": "Ada Byron", "email": email})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def address(client: TestClient, user_id: int) -> dict[str, Any]:
    body = {"label": "home", "city": "Porto", "country": "PT"}
    answer = client.post(f"/users/{user_id}/addresses/", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def product(client: TestClient, sku: str = "K-1", **more: Any) -> dict[str, Any]:
    body = {"sku": sku, "name": "Kettle", "category": "peripherals", "priceCents": 9900, "stock": 3, **more}
    answer = client.post("/products/", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def order(client: TestClient) -> dict[str, Any]:
    owner = user(client)
    body = {"user_id": owner["id"], "address_id": address(client, owner["id"])["id"]}
    answer = client.post("/orders/", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_user_comes_back_with_its_id_and_both_timestamps(client: TestClient) -> None:
    """camelCase keys, numeric id."""
    assert {"id", "fullName", "email", "createdAt", "updatedAt"} == set(user(client))


def test_every_violation_of_a_new_user_is_listed(client: TestClient) -> None:
    """Blank name, bad mail: both; a duplicate is the violation of `email_exists`."""
    bad = client.post("/users/", json={"full_name": "  ", "email": "nobody"})
    user(client)
    again = client.post("/users/", json={"full_name": "Ada", "email": "ada@example.com"})

    assert [422, 422] == [bad.status_code, again.status_code]
    assert ["full_name", "email"] == [v["field"] for v in bad.json()["detail"]["violations"]]
    assert ["email_exists"] == [v["field"] for v in again.json()["detail"]["violations"]]


def test_a_user_is_changed_by_the_rules_of_presence(client: TestClient) -> None:
    """Blank name 422, own mail 200, another's 422, nothing 200, unknown user 404."""
    user(client)
    user(client, "grace@example.com")
    bodies = [{"full_name": "   "}, {"email": "ada@example.com"}, {"email": "grace@example.com"}, {}]

    assert [422, 200, 422, 200] == [client.patch("/users/1", json=body).status_code for body in bodies]
    assert client.patch("/users/9", json={}).status_code == 404


@pytest.mark.parametrize("path", ["/users/9", "/users/9/addresses/9", "/orders/9", "/order-items/9", "/products/9"])
def test_what_is_not_there_is_404_and_deleting_it_is_false(client: TestClient, path: str) -> None:
    """GET 404; DELETE 200 false."""
    gone = client.delete(path)

    assert client.get(path).status_code == 404
    assert (200, False) == (gone.status_code, gone.json())


def test_an_address_belongs_to_its_user(client: TestClient) -> None:
    """Another user's address is 404; its own is there."""
    mine = address(client, user(client)["id"])
    other = user(client, "grace@example.com")["id"]

    assert client.get(f"/users/1/addresses/{mine['id']}").status_code == 200
    assert client.get(f"/users/{other}/addresses/{mine['id']}").status_code == 404
    assert client.post("/users/77/addresses/", json={"label": "x", "city": "y", "country": "z"}).status_code == 404


def test_an_order_needs_its_user_and_its_address(client: TestClient) -> None:
    """Unknown references are 404 from the existence checks."""
    owner = user(client)["id"]

    assert client.post("/orders/", json={"user_id": 9, "address_id": 1}).status_code == 404
    assert client.post("/orders/", json={"user_id": owner, "address_id": 9}).status_code == 404
    assert client.post("/order-items/", json={"order_id": 9, "product_id": 9, "quantity": 1}).status_code == 404


def test_an_order_moves_by_its_status_rule(client: TestClient) -> None:
    """Defaults are stored; an unknown status is 422; a known one is."""
    placed = order(client)
    weird = client.patch("/orders/1", json={"status": "weird"})
    paid = client.patch("/orders/1", json={"status": "paid"})

    assert ("created", "card") == (placed["status"], placed["paymentMethod"])
    assert [422, 200] == [weird.status_code, paid.status_code]
    assert client.get("/orders/1").json()["status"] == "paid"


def test_an_order_item_lives_and_dies(client: TestClient) -> None:
    """Created, read, changed, deleted."""
    order(client)
    product(client)
    item = client.post("/order-items/", json={"order_id": 1, "product_id": 1, "quantity": 2})

    assert (201, 2) == (item.status_code, item.json()["quantity"])
    assert client.patch("/order-items/1", json={"quantity": 5}).json()["quantity"] == 5
    assert client.delete("/order-items/1").json() is True


def test_products_are_walked_by_cursor(client: TestClient) -> None:
    """The first page has a token, the following one the rest."""
    product(client)
    product(client, "K-2")
    first = client.get("/products/?pagination=cursor&limit=1&sort=id&direction=ASC").json()
    second = client.get(f"/products/?limit=1&sort=id&direction=ASC&after={first['next_cursor']}").json()

    assert (True, str) == (first["has_next"], type(first["next_cursor"]))
    assert [2] == [p["id"] for p in second["items"]]


def test_orders_are_paged_with_their_total(client: TestClient) -> None:
    """One item of all."""
    order(client)
    client.post("/orders/", json={"user_id": 1, "address_id": 1})
    page = client.get("/orders/?limit=1&page=1&sort=id&direction=ASC").json()

    assert (2, 1) == (page["total_count"], len(page["items"]))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("price_cents__eq=9900", [1, 2]),
        ("category__eq=peripherals&stock__lte=3", [1]),
        ("priceCents__gte=9900&stock__gt=3", [2]),
        ("sku=K-1", [1]),
        ("id__in=1,2", [1, 2]),
        ("pagination=cursor&limit=1&category__eq=peripherals", [1]),
    ],
)
def test_products_are_filtered(client: TestClient, query: str, ids: list[int]) -> None:
    """By operator, combined, in either spelling, together with a cursor."""
    product(client)
    product(client, "K-2", stock=30)

    assert ids == [p["id"] for p in client.get(f"/products/?{query}").json()["items"]]


def test_low_stock_ignores_parameters_it_does_not_take(client: TestClient) -> None:
    """Sorted by stock, whatever else is in the query string."""
    product(client, stock=5)
    product(client, "K-2", stock=1)

    assert [1, 5] == [p["stock"] for p in client.get("/products/low-stock?max_stock=5&limit=10").json()["items"]]


@pytest.mark.parametrize(("fail", "suffix"), [(False, "-restock-notified"), (True, "-restock-failed")])
def test_a_restock_mail_runs_its_callback(client: TestClient, fail: bool, suffix: str) -> None:
    """202 with job id and queue; after it the callback's change is there."""
    product(client)
    answer = client.post(
        "/products/1/jobs/restock-email", json={"recipientEmail": "buying@example.com", "forceFail": fail}
    )

    assert (202, "notifications") == (answer.status_code, answer.json()["queue"])
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.json()["jobId"])
    assert client.get("/products/1").json()["category"] == f"peripherals{suffix}"


def test_the_workflow_summarises_and_dispatches(client: TestClient) -> None:
    """202 with summary, restockJobId and queue."""
    product(client)
    answer = client.post("/products/1/workflows/restock", json={"recipientEmail": "b@example.com"})

    assert answer.status_code == 202
    assert {"summary", "restockJobId", "queue"} == set(answer.json())


def test_a_summary_is_a_job_run_inside_a_get(client: TestClient) -> None:
    """200 with the job's result; a missing product is 404."""
    product(client)

    assert client.get("/products/1/jobs/summary").json() == {"productId": 1, "summary": "K-1: Kettle"}
    assert client.get("/products/9/jobs/summary").status_code == 404


def test_products_are_synced_in_parallel(client: TestClient) -> None:
    """None is 422; with ids 202, one job each."""
    product(client)
    none = client.post("/products/jobs/sync-erp", json={"product_ids": []})
    some = client.post("/products/jobs/sync-erp", json={"product_ids": [1, 2]})

    assert [422, 202] == [none.status_code, some.status_code]
    assert (2, 2) == (some.json()["dispatched"], len(some.json()["jobIds"]))


def test_a_duplicate_sku_is_a_conflict(client: TestClient) -> None:
    """409, code `conflict`."""
    product(client)
    again = client.post("/products/", json={"sku": "K-1", "name": "x", "category": "y", "priceCents": 1, "stock": 1})

    assert (409, "conflict") == (again.status_code, again.json()["detail"]["code"])


def test_a_slash_less_collection_redirects(client: TestClient) -> None:
    """307 to the slashed form."""
    answer = client.get("/users", follow_redirects=False)

    assert 307 == answer.status_code
    assert answer.headers["location"].endswith("/users/")


def test_docs_are_served(client: TestClient) -> None:
    """/docs, /redoc, /openapi.json."""
    assert [200, 200, 200] == [client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")]


def test_metrics_are_off_unless_asked_for(client: TestClient) -> None:
    """METRICS_ENABLED=false: no such path."""
    assert client.get("/metrics").status_code == 404


def test_metrics_count_requests_where_they_are_on(
    shop_modules: None, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scrape names the path templates."""
    monkeypatch.setenv("METRICS_ENABLED", "true")
    app = importlib.import_module("app.main").create_app()
    with TestClient(app) as client:
        client.get("/products/")
        scraped = client.get("/metrics").text

    assert "http_requests_total" in scraped
    assert "http_request_duration_seconds" in scraped
    assert 'path_template="/products/"' in scraped


def test_the_cache_changes_no_answer(
    shop_modules: None, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With CACHE_ENABLED=true a new row is in low-stock at once, a change in the next read."""
    monkeypatch.setenv("CACHE_ENABLED", "true")
    app = importlib.import_module("app.main").create_app()
    with TestClient(app) as client:
        client.get("/products/low-stock")
        product(client)
        listed = client.get("/products/low-stock").json()["items"]
        client.get("/products/1")
        client.patch("/products/1", json={"stock": 1})

        assert [3] == [p["stock"] for p in listed]
        assert client.get("/products/1").json()["stock"] == 1


def test_the_worker_knows_its_tasks(shop_modules: None, environment: dict[str, str]) -> None:
    """Three jobs, two callback classes with both their tasks, the queues and retries of the configuration."""
    celery_app = importlib.import_module("app.worker_main").celery_app
    ours = {name for name in celery_app.tasks if name.startswith("loom.")}

    assert {
        "loom.job.SendRestockEmailJob",
        "loom.job.BuildProductSummaryJob",
        "loom.job.SyncProductsToErpJob",
        "loom.callback.RestockEmailSuccessCallback",
        "loom.callback_error.RestockEmailSuccessCallback",
        "loom.callback.RestockEmailFailureCallback",
        "loom.callback_error.RestockEmailFailureCallback",
    } <= ours
    assert {"default", "notifications", "analytics", "erp"} == {queue.name for queue in celery_app.conf.task_queues}
    assert celery_app.tasks["loom.job.SyncProductsToErpJob"].max_retries == 3


def test_building_the_app_connects_to_nothing(shop_modules: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the default environment, whose broker is not there, importing `app.main` builds an app."""
    monkeypatch.delenv("DATABASE_URL", raising=False)

    assert importlib.import_module("app.main").app.title == "Shop API"
