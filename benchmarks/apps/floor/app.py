"""The ASGI function."""

import base64
from typing import Any, Protocol
from urllib.parse import parse_qs

import msgspec

from benchmarks.apps import pricing

_HEADERS = [(b"content-type", b"application/json")]
_DEFAULTS = {"status": "draft", "country": "DE", "currency": "EUR", "quantity": 1, "amount": 0.0}
_COLUMNS = ("ownerId", "title", "status", "country", "currency", "quantity", "unitPrice", "amount")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Database(Protocol):
    """Runs a statement by name; every row is one JSON text."""

    async def open(self) -> None:
        """Connect."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...

    async def one(self, name: str, *values: Any) -> str | None:
        """Return the first row."""
        ...

    async def all(self, name: str, *values: Any) -> list[str]:
        """Return every row."""
        ...


class Floor:
    """Routes by looking at the path."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        status, body = await self._answer(scope["method"], scope["path"], scope["query_string"], receive)
        headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        await self._database.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._database.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, method: str, path: str, query: bytes, receive: Any) -> tuple[int, bytes]:
        if path == "/bench/ping":
            return 200, b'{"status":"ok"}'
        rest = path.removeprefix("/bench/records/")
        if method == "GET":
            return await (self._one(rest, query) if rest else self._list(query))
        body = _decode(await _body(receive))
        if rest == "":
            return 201, _bytes(await self._database.one("create", *_values(body)))
        if rest == "bulk":
            return 201, ("[" + ",".join(await self._bulk(body)) + "]").encode()
        if method == "PATCH":
            return _found(await self._database.one("update", int(rest), *map(body.get, _COLUMNS)))
        return await self._preview(int(rest.removesuffix("/pricing-preview")), body)

    async def _one(self, rest: str, query: bytes) -> tuple[int, bytes]:
        name = "details" if query == b"profile=with_details" else "item"
        return _found(await self._database.one(name, int(rest)))

    async def _list(self, query: bytes) -> tuple[int, bytes]:
        asked = {name: values[0] for name, values in parse_qs(query.decode()).items()}
        limit = int(asked.get("limit", 50))
        if asked.get("pagination") == "offset":
            page = int(asked.get("page", 1))
            return 200, _bytes(await self._database.one("page", limit, (page - 1) * limit, page))
        after = int(base64.urlsafe_b64decode(asked["after"])) if "after" in asked else 0
        return 200, _step(await self._database.all("step", after, limit + 1), limit)

    async def _bulk(self, body: Any) -> list[str]:
        rows = [dict(zip(_COLUMNS, _values(item), strict=True)) for item in body["items"]]
        return await self._database.all("bulk", _encode(rows).decode())

    async def _preview(self, record_id: int, order: Any) -> tuple[int, bytes]:
        country, contact = pricing.normal_country(order["country"]), pricing.normal_email(order["email"])
        price, quantity = order["unitPrice"], order.get("quantity", 1)
        subtotal = price * quantity
        discount = subtotal * pricing.discount_rate(quantity)
        rate = pricing.tax_rate(country)
        tax = (subtotal - discount) * rate
        total = subtotal - discount + tax
        if price <= 0 or not 0 < quantity <= pricing.MAX_QUANTITY or "@" not in contact or not rate:
            return 422, b'{"code":"rule_violations"}'
        row = await self._database.one("price", record_id, country, quantity, price, round(total, 2))
        if row is None:
            return _found(None)
        answer = _decode(row) | {
            "contact": contact,
            "country": country,
            "subtotal": round(subtotal, 2),
            "discount": round(discount, 2),
            "taxRate": rate,
            "tax": round(tax, 2),
            "total": round(total, 2),
        }
        return 200, _encode(answer)


async def _body(receive: Any) -> bytes:
    chunks: bytes = b""
    while True:
        message: dict[str, Any] = await receive()
        chunks += message.get("body", b"")
        if not message.get("more_body"):
            return chunks


def _values(item: dict[str, Any]) -> list[Any]:
    item = _DEFAULTS | item
    return [item[name] for name in _COLUMNS]


def _found(row: str | None) -> tuple[int, bytes]:
    return (404, b'{"detail":"no such record"}') if row is None else (200, row.encode())


def _bytes(row: str | None) -> bytes:
    assert row is not None
    return row.encode()


def _step(rows: list[str], limit: int) -> bytes:
    """The rows as one JSON object; a row starts with its id, which is the cursor."""
    token, kept = "null", rows[:limit]
    if len(rows) > limit:
        last = kept[-1].split(":", 1)[1].split(",", 1)[0].strip()
        token = '"' + base64.urlsafe_b64encode(last.encode()).decode() + '"'
    more = "true" if len(rows) > limit else "false"
    return f'{{"items":[{",".join(kept)}],"next_cursor":{token},"has_next":{more}}}'.encode()
