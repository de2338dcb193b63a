"""Pricing: computes, then rules."""

from typing import Any

import httpx

ORDER = {"email": "  Buyer@Example.COM ", "country": "ES", "unitPrice": 19.99, "quantity": 3}


async def preview(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    """Ask for the price of `ORDER` with `changes` under the first agreement."""
    return await client.post("/pricing/1/preview", json={**ORDER, **changes})


def violations(answer: httpx.Response) -> list[tuple[str, str]]:
    """Return the fields and messages of a 422 answer."""
    assert answer.status_code == 422
    return [(each["field"], each["message"]) for each in answer.json()["detail"]["violations"]]


async def test_preview_computes_the_price(client: httpx.AsyncClient) -> None:
    """Subtotal, tax and total follow from price, quantity and country; the address is normalised."""
    answer = await preview(client)

    expected = {
        "recordId": 1,
        "title": "List prices",
        "currency": "EUR",
        "email": "buyer@example.com",
        "subtotal": 59.97,
        "taxRate": 0.21,
        "taxAmount": 12.59,
        "total": 72.56,
    }
    assert (200, expected) == (answer.status_code, answer.json())


async def test_client_cannot_set_computed_fields(client: httpx.AsyncClient) -> None:
    """A subtotal in the body changes nothing."""
    answer = await preview(client, subtotal=1, tax_rate=0, taxAmount=0)

    assert (await preview(client)).json() == answer.json()


async def test_rules_refuse_price_and_country_together(client: httpx.AsyncClient) -> None:
    """A price of zero and a country without a tax rate are both named in one answer."""
    answer = await preview(client, unitPrice=0, country="ZZ")

    assert [("unit_price", "unit_price must be > 0"), ("country", "Unsupported country")] == violations(answer)


async def test_unknown_country_is_a_violation(client: httpx.AsyncClient) -> None:
    """A country without a tax rate is the client's mistake, not ours."""
    answer = await preview(client, country="ZZ")

    assert [("country", "Unsupported country")] == violations(answer)


async def test_missing_record_is_not_found(client: httpx.AsyncClient) -> None:
    """There is no preview under an agreement that is not there."""
    answer = await client.post("/pricing/9999/preview", json=ORDER)

    assert (404, "Record") == (answer.status_code, answer.json()["detail"]["entity"])
