"""The one boundary where bytes from outside become values: body, path and query."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loom.core.engine.executor import bind_param
from loom.core.engine.plan import ParamBinding
from loom.core.errors import InvalidPayload
from loom.rest.errors import BadRequest

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 100
_decoder = msgspec.json.Decoder()


def decode_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request body; an empty body is an empty object.

    Raises:
        BadRequest: it is no JSON object, nested too deep, or over `MAX_BODY_BYTES`.
        InvalidPayload: a string holds what no database stores (NUL, lone surrogates).
    """
    if len(body) > MAX_BODY_BYTES:
        raise BadRequest("the body is too large", code="body_too_large", status=413)
    if not body.strip():
        return {}
    try:
        value = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise BadRequest("the body is not valid JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object")
    for key, item in value.items():
        _check(str(key), item, 0)
    return value


def bind_text(binding: ParamBinding, raw: str) -> Any:
    """Return a path or query value as the type `execute` declares.

    Raises:
        ParameterBindingError: it cannot be one.
        InvalidPayload: it holds what no database stores.
    """
    _check(binding.name, raw, 0)
    return bind_param(binding, {binding.name: raw})


def _check(name: str, value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadRequest("the body is nested too deep")
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise InvalidPayload([(name, "holds a character that cannot be stored")])
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check(str(key), item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(name, item, depth + 1)
