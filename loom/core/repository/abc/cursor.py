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
from loom.core.model import EntityInfo
from loom.core.repository.abc.query import QuerySpec
from loom.core.repository.values import DOCUMENTS, FilterPathError

VERSION = 1
MAX_BYTES = 512
_MAC_BYTES = 12


class SortKey(Struct, frozen=True, kw_only=True):
    """One column of a total order; `python_type` types its value in a cursor."""

    field: str
    descending: bool
    python_type: Any


def total_order(query: QuerySpec, info: EntityInfo) -> tuple[SortKey, ...]:
    """Return the sort of `query` with the primary key of `info` as tie-breaker.

    Raises:
        InvalidQuery: a sort field is no column, or one whose values have no order.
    """
    keys: dict[str, SortKey] = {}
    for sort in query.sort:
        if sort.field not in info.columns:
            raise FilterPathError(sort.field)
        if info.columns[sort.field].column_type.type_name in DOCUMENTS:
            raise InvalidQuery(f"cannot sort by '{sort.field}'", field=sort.field)
        keys.setdefault(sort.field, _key(info, sort.field, descending=sort.direction == "DESC"))
    for name in info.primary_key:
        keys.setdefault(name, _key(info, name, descending=False))
    return tuple(keys.values())


def encode_cursor(values: Sequence[Any], scope: str, secret: bytes) -> str:
    """Return the token for a row with these sort values.

    Raises:
        InvalidQuery: the values are too long for a token.
    """
    body = msgspec.json.encode([VERSION, scope, list(values)])
    token = _text(body) + "." + _text(_mac(body, secret))
    if len(token) > MAX_BYTES:
        raise InvalidQuery("a cursor cannot hold values this long; sort by another field", field="sort")
    return token


def decode_cursor(token: str, keys: Sequence[SortKey], scope: str, secret: bytes) -> list[Any]:
    """Return the sort values a token carries, typed.

    Raises:
        InvalidQuery: the token is malformed, forged, of another version, or of another query.
    """
    try:
        if len(token) > MAX_BYTES:
            raise ValueError("length")
        body, mac = (_bytes(part) for part in token.encode("ascii").split(b"."))
        if not hmac.compare_digest(mac, _mac(body, secret)):
            raise ValueError("signature")
        version, token_scope, values = msgspec.json.decode(body, type=tuple[int, str, list[Any]])
        if (version, token_scope, len(values)) != (VERSION, scope, len(keys)):
            raise ValueError("scope")
        return [_typed(value, key) for value, key in zip(values, keys, strict=True)]
    except (ValueError, msgspec.DecodeError):
        raise InvalidQuery("the cursor is invalid or belongs to another query", field="cursor") from None


def query_scope(table: str, query: QuerySpec, profile: str) -> str:
    """Return a digest of everything a cursor is bound to: table, sort, filters, profile, and where it was asked."""
    text = repr((table, query.sort, query.filters, profile, query.scope))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _key(info: EntityInfo, name: str, *, descending: bool) -> SortKey:
    return SortKey(field=name, descending=descending, python_type=info.columns[name].python_type)


def _typed(value: Any, key: SortKey) -> Any:
    return None if value is None else msgspec.convert(value, key.python_type)


def _mac(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, "sha256")[:_MAC_BYTES]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
