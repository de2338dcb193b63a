"""Users: rules, existence checks, partial updates."""

from typing import Any

import httpx
import pytest

on_both_databases = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)

ADA = {"fullName": "Ada Byron", "email": "ada@example.com"}


async def created(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Return a user made through the API."""
    answer = await client.post("/users/", json={**ADA, **changes})
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    return body


def violations(answer: httpx.Response) -> list[tuple[str, str]]:
    """Return the fields and messages of a 422 answer."""
    assert answer.status_code == 422
    return [(each["field"], each["message"]) for each in answer.json()["detail"]["violations"]]


@on_both_databases
async def test_create_answers_the_stored_user(client: httpx.AsyncClient) -> None:
    """A created user comes back with a numeric id and both timestamps, in camelCase."""
    user = await created(client)

    assert {"id", "fullName", "email", "createdAt", "updatedAt"} == user.keys()
    assert isinstance(user["id"], int)
    assert ("Ada Byron", "ada@example.com") == (user["fullName"], user["email"])
    assert None not in user.values()


async def test_create_accepts_snake_case(client: httpx.AsyncClient) -> None:
    """A body may spell its keys in snake_case."""
    answer = await client.post("/users/", json={"full_name": "Ada Byron", "email": "ada@example.com"})

    assert (201, "Ada Byron") == (answer.status_code, answer.json()["fullName"])


async def test_duplicate_email_is_a_violation_of_the_existence_check(client: httpx.AsyncClient) -> None:
    """An address somebody has is refused under the name of the parameter that found it."""
    await created(client)

    answer = await client.post("/users/", json={**ADA, "fullName": "Another"})

    assert [("email_exists", "email already exists")] == violations(answer)


async def test_every_broken_rule_is_listed(client: httpx.AsyncClient) -> None:
    """One answer names both a blank name and a malformed address."""
    answer = await client.post("/users/", json={"fullName": "   ", "email": "nobody"})

    assert [("full_name", "full_name must not be blank"), ("email", "email must be valid")] == violations(answer)


@on_both_databases
async def test_refused_user_is_not_stored(client: httpx.AsyncClient) -> None:
    """A create that breaks a rule leaves no row."""
    before = (await client.get("/users/")).json()["total_count"]

    await client.post("/users/", json={"fullName": " ", "email": "ada@example.com"})

    assert before == (await client.get("/users/")).json()["total_count"]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"email": "ada@example.com"}, "full_name"), ({"fullName": 7, "email": "ada@example.com"}, "full_name")],
    ids=["missing", "ill-typed"],
)
async def test_body_that_does_not_fit_names_the_field(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    """A missing or ill-typed field is a 422 that names it in snake_case."""
    answer = await client.post("/users/", json=body)

    assert [field] == [name for name, _ in violations(answer)]


@on_both_databases
async def test_patch_writes_what_was_sent_and_nothing_else(client: httpx.AsyncClient) -> None:
    """A field that is absent from a PATCH keeps its value."""
    user = await created(client)

    answer = await client.patch(f"/users/{user['id']}", json={"fullName": "Ada Lovelace"})

    assert 200 == answer.status_code
    stored = (await client.get(f"/users/{user['id']}")).json()
    assert ("Ada Lovelace", "ada@example.com") == (stored["fullName"], stored["email"])


@on_both_databases
async def test_patch_with_null_names_the_field(client: httpx.AsyncClient) -> None:
    """Null for a field that has no null is refused, and the row stays as it was."""
    user = await created(client)

    answer = await client.patch(f"/users/{user['id']}", json={"fullName": None, "email": "new@example.com"})

    assert ["full_name"] == [name for name, _ in violations(answer)]
    assert user == (await client.get(f"/users/{user['id']}")).json()


@on_both_databases
async def test_empty_patch_changes_no_field(client: httpx.AsyncClient) -> None:
    """An empty PATCH is a success that answers the user as it is."""
    user = await created(client)

    answer = await client.patch(f"/users/{user['id']}", json={})

    assert (200, user["fullName"], user["email"]) == (
        answer.status_code,
        answer.json()["fullName"],
        answer.json()["email"],
    )


async def test_patch_applies_rules_to_sent_fields(client: httpx.AsyncClient) -> None:
    """A blank name is refused on update too."""
    user = await created(client)

    answer = await client.patch(f"/users/{user['id']}", json={"full_name": "   "})

    assert [("full_name", "full_name must not be blank")] == violations(answer)


async def test_patch_with_own_email_is_no_conflict(client: httpx.AsyncClient) -> None:
    """Sending the address the user already has is accepted."""
    user = await created(client)

    answer = await client.patch(f"/users/{user['id']}", json={"email": user["email"]})

    assert 200 == answer.status_code


async def test_patch_with_another_users_email_is_refused(client: httpx.AsyncClient) -> None:
    """An address of somebody else is refused."""
    await created(client)
    other = await created(client, email="other@example.com")

    answer = await client.patch(f"/users/{other['id']}", json={"email": "ada@example.com"})

    assert [("email_exists", "email already exists")] == violations(answer)


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_missing_user_is_not_found(client: httpx.AsyncClient, method: str) -> None:
    """Reading or changing a user that is not there is a 404 that names entity and id."""
    answer = await client.request(method, "/users/9999", json={"fullName": "Nobody"} if method == "PATCH" else None)

    detail = answer.json()["detail"]
    assert (404, "not_found", "User", 9999) == (answer.status_code, detail["code"], detail["entity"], detail["id"])


@on_both_databases
async def test_delete_tells_whether_there_was_a_user(client: httpx.AsyncClient) -> None:
    """Deleting answers true once and false from then on, both with 200."""
    user = await created(client)

    answers = [await client.delete(f"/users/{user['id']}") for _ in range(2)]

    assert [(200, True), (200, False)] == [(answer.status_code, answer.json()) for answer in answers]
