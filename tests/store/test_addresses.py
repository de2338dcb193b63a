"""Addresses: resources below a parent."""

from typing import Any

import httpx
import pytest

on_both_databases = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)

HOME = {"city": "Porto", "country": "Portugal"}


@pytest.fixture
async def user_id(client: httpx.AsyncClient) -> int:
    """A user without addresses."""
    answer = await client.post("/users/", json={"fullName": "Ada Byron", "email": "ada@example.com"})
    return int(answer.json()["id"])


@pytest.fixture
async def address(client: httpx.AsyncClient, user_id: int) -> dict[str, Any]:
    """The user's first address."""
    answer = await client.post(f"/users/{user_id}/addresses/", json=HOME)
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    return body


async def test_address_belongs_to_the_user_of_the_path(address: dict[str, Any], user_id: int) -> None:
    """A created address carries the user id of its path."""
    assert (user_id, "Porto", "Portugal") == (address["userId"], address["city"], address["country"])


@on_both_databases
async def test_list_holds_the_users_own_addresses(
    client: httpx.AsyncClient, user_id: int, address: dict[str, Any]
) -> None:
    """A user's list leaves out what belongs to others."""
    page = (await client.get(f"/users/{user_id}/addresses/")).json()

    assert ([address], 1) == (page["items"], page["total_count"])


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_missing_user_has_no_addresses(client: httpx.AsyncClient, method: str) -> None:
    """Below a user that is not there, everything is a 404 that names the user."""
    answer = await client.request(method, "/users/9999/addresses/", json=HOME if method == "POST" else None)

    assert (404, "User") == (answer.status_code, answer.json()["detail"]["entity"])


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_address_of_another_user_is_not_found(
    client: httpx.AsyncClient, address: dict[str, Any], method: str
) -> None:
    """Through another user's path an address can be neither read, changed nor deleted."""
    url = f"/users/1/addresses/{address['id']}"

    answer = await client.request(method, url, json={"city": "Rome"} if method == "PATCH" else None)

    assert (404, "Address") == (answer.status_code, answer.json()["detail"]["entity"])
    assert address == (await client.get(f"/users/{address['userId']}/addresses/{address['id']}")).json()


async def test_patch_keeps_what_was_not_sent(client: httpx.AsyncClient, user_id: int, address: dict[str, Any]) -> None:
    """A new city leaves the country alone."""
    answer = await client.patch(f"/users/{user_id}/addresses/{address['id']}", json={"city": "Braga"})

    assert (200, "Braga", "Portugal") == (answer.status_code, answer.json()["city"], answer.json()["country"])


async def test_delete_tells_whether_there_was_an_address(
    client: httpx.AsyncClient, user_id: int, address: dict[str, Any]
) -> None:
    """Deleting answers true once and false from then on."""
    url = f"/users/{user_id}/addresses/{address['id']}"

    answers = [await client.delete(url) for _ in range(2)]

    assert [(200, True), (200, False)] == [(answer.status_code, answer.json()) for answer in answers]


@on_both_databases
async def test_addresses_go_with_their_user(client: httpx.AsyncClient, user_id: int, address: dict[str, Any]) -> None:
    """Deleting a user deletes the addresses below it."""
    await client.delete(f"/users/{user_id}")

    answer = await client.get(f"/users/{user_id}/addresses/{address['id']}")

    assert 404 == answer.status_code
