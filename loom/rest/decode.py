"""The one boundary where bytes and text from outside become values: body, path and query.

A NUL or a lone surrogate can only enter a JSON string through a `\\u` escape (raw, both are malformed), so bodies without
one are not searched. msgspec calls a lone surrogate malformed; the standard decoder is asked for its field's name.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from loom.core.command.base import decode_command
from loom.core.engine import ParameterBindingError
from loom.core.engine.plan import ParamBinding
from loom.core.engine.typenames import type_name
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
    value = _parse(body)
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object")
    _check(value, strings=b"\\u" in body)
    return value


def refuse_unknown(command: type[Any], payload: Mapping[str, Any]) -> None:
    """Refuse a payload with fields `command` does not have.

    Raises:
        InvalidPayload: one violation per unknown field.
    """
    decode_command(command, payload, strict=True)


def bind_text(binding: ParamBinding, texts: Sequence[str]) -> Any:
    """Return a path or query value as the type `execute` declares; the last text counts, a list takes all of them.

    Raises:
        ParameterBindingError: it cannot be one.
        InvalidPayload: it holds what no database stores.
    """
    if not all(map(is_storable, texts)):
        raise InvalidPayload([(binding.name, "holds a character that cannot be stored")])
    raw = list(texts) if takes_many(binding.annotation) else texts[-1]
    try:
        return msgspec.convert(raw, binding.annotation, strict=False)
    except (msgspec.ValidationError, TypeError):
        raise ParameterBindingError(binding.name, type_name(binding.annotation)) from None


def binds_text(annotation: Any) -> bool:
    """Return whether a path or query value can become `annotation` at all: scalars, enums, lists of them."""
    try:
        info = msgspec.inspect.type_info(annotation)
    except (TypeError, ValueError, NameError):
        return False
    return _is_textual(info)


def takes_many(annotation: Any) -> bool:
    """Return whether a repeated query parameter is one value: a list, tuple or set."""
    try:
        info = msgspec.inspect.type_info(annotation)
    except (TypeError, ValueError, NameError):
        return False
    options = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    return any(isinstance(option, _COLLECTIONS) for option in options)


def is_storable(text: str) -> bool:
    """Return whether a database stores `text`: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


_COLLECTIONS = (
    msgspec.inspect.ListType,
    msgspec.inspect.VarTupleType,
    msgspec.inspect.SetType,
    msgspec.inspect.FrozenSetType,
)
_SCALARS = (
    msgspec.inspect.AnyType,
    msgspec.inspect.NoneType,
    msgspec.inspect.BoolType,
    msgspec.inspect.IntType,
    msgspec.inspect.FloatType,
    msgspec.inspect.StrType,
    msgspec.inspect.BytesType,
    msgspec.inspect.DateTimeType,
    msgspec.inspect.DateType,
    msgspec.inspect.TimeType,
    msgspec.inspect.TimeDeltaType,
    msgspec.inspect.UUIDType,
    msgspec.inspect.DecimalType,
    msgspec.inspect.EnumType,
    msgspec.inspect.LiteralType,
)


def _is_textual(info: msgspec.inspect.Type) -> bool:
    if isinstance(info, msgspec.inspect.Metadata):
        return _is_textual(info.type)
    if isinstance(info, msgspec.inspect.UnionType):
        return any(map(_is_textual, info.types))
    if isinstance(info, _COLLECTIONS):
        return isinstance(info.item_type, _SCALARS)
    return isinstance(info, _SCALARS)


def _parse(body: bytes) -> Any:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        if b"\\ud" in body.lower():
            _refuse_surrogates(body)
        raise BadRequest("the body is not valid JSON") from None


def _refuse_surrogates(body: bytes) -> None:
    """Name the field with a lone surrogate, where that is what is wrong with the body."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict):
        _check(value, strings=True)


def _check(payload: Mapping[str, Any], *, strings: bool) -> None:
    """Walk without recursion; `strings`: look at every key and text, not only at depth."""
    level: list[tuple[str, Any]] = [(str(key), item) for key, item in payload.items()]
    for _ in range(MAX_DEPTH):
        for field, value in level if strings else ():
            if not is_storable(field) or (isinstance(value, str) and not is_storable(value)):
                shown = field.replace("\x00", "").encode(errors="replace").decode()
                raise InvalidPayload([(shown, "holds a character that cannot be stored")])
        level = [child for field, value in level for child in _children(field, value)]
        if not level:
            return
    raise BadRequest("the body is nested too deep")


def _children(field: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"{field}.{key}", item) for key, item in value.items())
    elif isinstance(value, list):
        yield from ((field, item) for item in value)
