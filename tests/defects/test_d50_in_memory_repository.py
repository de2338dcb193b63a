"""D50: the in-memory repository keeps what it is given, and serves auto-CRUD over HTTP like a real one."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from loom.core.repository.abc import PageParams, PageResult
from loom.testing import HttpTestHarness, InMemoryRepository
from tests.testing.shop import CreateCustomer, Customer, CustomerInterface, UpdateCustomer

ANN = Customer(id=1, full_name="Ann Lee", email="ann@x", nick_name="A")


@pytest.fixture
def customers() -> InMemoryRepository[Customer]:
    repository = InMemoryRepository(Customer)
    repository.seed(ANN)
    return repository


@pytest.fixture
def client(customers: InMemoryRepository[Customer]) -> TestClient:
    harness = HttpTestHarness()
    harness.inject_repo(Customer, customers)
    return harness.build_app([CustomerInterface])


async def test_d50_fields_of_several_words_are_kept(customers: InMemoryRepository[Customer]) -> None:
    """`full_name` arrives, from a command and from wire names."""
    from_command = await customers.create(CreateCustomer(full_name="Bea Ott", email="bea@x"))
    from_wire = await customers.create({"fullName": "Cid Orr", "email": "cid@x"})

    assert ("Bea Ott", "Cid Orr") == (from_command.full_name, from_wire.full_name)


def test_d50_a_patch_leaves_alone_what_was_not_sent(client: TestClient) -> None:
    """Auto-CRUD's update input holds UNSET for the rest, which is no value."""
    answer = client.patch("/customers/1", json={"fullName": "Ann Orr"})

    shown = {key: answer.json()[key] for key in ("fullName", "email", "nickName")}
    assert {"fullName": "Ann Orr", "email": "ann@x", "nickName": "A"} == shown


@pytest.mark.parametrize("data", [{"nick_name": None}, UpdateCustomer.from_payload({"nickName": None})[0]])
async def test_d50_an_explicit_none_is_written(customers: InMemoryRepository[Customer], data: Any) -> None:
    """Null sent is null stored; the other fields stay."""
    changed = await customers.update(1, data)

    assert (None, "Ann Lee") == (changed and changed.nick_name, changed and changed.full_name)


def test_d50_lists_are_filtered_sorted_and_paged_over_http(client: TestClient) -> None:
    """The whole query grammar, offset pages and cursors."""
    for name in ("Bea", "Cid", "Dan"):
        client.post("/customers/", json={"fullName": name, "email": f"{name}@x"})
    page = client.get("/customers/", params={"sort": "fullName", "direction": "DESC", "limit": 2, "id__gt": 1}).json()
    step = client.get("/customers/", params={"pagination": "cursor", "limit": 3}).json()
    rest = client.get("/customers/", params={"after": step["next_cursor"], "limit": 3}).json()

    assert (["Dan", "Cid"], 3, True) == (
        [each["fullName"] for each in page["items"]],
        page["total_count"],
        page["has_next"],
    )
    assert [1, 2, 3, 4] == [each["id"] for each in step["items"] + rest["items"]]
    assert (None, False) == (rest["next_cursor"], rest["has_next"])


async def test_d50_a_list_without_page_params_stays_a_list(customers: InMemoryRepository[Customer]) -> None:
    """With page params it is a page."""
    assert [ANN] == await customers.list_paginated()
    assert isinstance(await customers.list_paginated(PageParams()), PageResult)
