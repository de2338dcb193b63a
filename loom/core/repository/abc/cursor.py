"""Walking a sorted set by key, losing and repeating nothing.

The walk is ordered by every sort field and then by the primary key, so the order is total even where sort values repeat.
NULL comes last in both directions. A cursor carries the last row's sort values, typed by their columns, and a digest of
sort and filters; it is signed, so a client can neither make one up nor carry one from one query to another.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from loom.core.errors import InvalidQuery
from loom.core.repository.abc.query import QuerySpec

VERSION = 1
MAX_BYTES = 512
_MAC_BYTES = 12


class SortKey(Struct, frozen=True, kw_only=True):
    """One column of a total order; `python_type` types its value in a cursor."""

    field: str
    descending: bool
    python_type: Any


def total_order(query: QuerySpec, types: dict[str, Any], primary_key: str) -> tuple[SortKey, ...]:
    """Return the sort of `query` with the primary key as tie-breaker.

    Raises:
        InvalidQuery: a sort field is not among `types`.
    """
    keys = [
        SortKey(field=s.field, descending=s.direction == "DESC", python_type=types.get(s.field)) for s in query.sort
    ]
    unknown = next((k.field for k in keys if k.field not in types), None)
    if unknown is not None:
        raise InvalidQuery(f"cannot sort by unknown field '{unknown}'", field="sort")
    if all(key.field != primary_key for key in keys):
        keys.append(SortKey(field=primary_key, descending=False, python_type=types[primary_key]))
    return tuple(keys)


def encode_cursor(values: Sequence[Any], scope: str, secret: bytes) -> str:
    """Return the token for a row with these sort values."""
    body = msgspec.json.encode([VERSION, scope, list(values)])
    return _text(body) + "." + _text(_mac(body, secret))


def decode_cursor(token: str, keys: Sequence[SortKey], scope: str, secret: bytes) -> list[Any]:
    """Return the sort values a token carries, typed.

    Raises:
        InvalidQuery: the token is malformed, forged, of another version, or of another query.
    """
    try:
        body, mac = (_bytes(part) for part in token.encode("ascii")[: MAX_BYTES + 1].split(b"."))
        if len(token) > MAX_BYTES or not hmac.compare_digest(mac, _mac(body, secret)):
            raise ValueError("signature")
        version, token_scope, values = msgspec.json.decode(body, type=tuple[int, str, list[Any]])
        if (version, token_scope, len(values)) != (VERSION, scope, len(keys)):
            raise ValueError("scope")
        return [_typed(value, key) for value, key in zip(values, keys, strict=True)]
    except (ValueError, msgspec.DecodeError):
        raise InvalidQuery("the cursor is invalid or belongs to another query", field="cursor") from None


def query_scope(table: str, query: QuerySpec, profile: str) -> str:
    """Return a digest of everything a cursor is bound to: table, sort, filters and profile."""
    text = repr((table, query.sort, query.filters, profile))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _typed(value: Any, key: SortKey) -> Any:
    return None if value is None else msgspec.convert(value, key.python_type)


def _mac(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, "sha256")[:_MAC_BYTES]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
