"""The one boundary where bytes and text from outside become values: body, path and query.

A NUL or a lone surrogate can only enter a JSON string through a `\\u` escape (raw, both are malformed), so bodies without
one are not searched. msgspec calls a lone surrogate malformed; the standard decoder is asked for its field's name. It is
also asked where a body may have more keys than were read, because one stands twice.

A body is read as JSON whatever its content type says, because clients that say nothing, or something wrong, are many; what
then is no JSON and never said to be is a 415. Strict rules refuse by the header alone. A compressed body is refused.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from loom.core.command.base import decode_command
from loom.core.engine import ParameterBindingError
from loom.core.engine.plan import ParamBinding
from loom.core.engine.typenames import type_name
from loom.core.errors import InvalidPayload
from loom.core.model.bounds import INT64
from loom.rest.bounds import BodyBounds, misfits
from loom.rest.errors import BadRequest
from loom.rest.names import is_storable

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 100
_SHOWN = 120
_SMALL = 300
"""Bytes that hold no number too large to be one."""
_MANY_DIGITS = re.compile(rb"[0-9]{300}")
_LARGEST = 10**300
_INTEGER = re.compile(r"-?[0-9]+")
_decoder = msgspec.json.Decoder()


class BodyRules(Struct, frozen=True, kw_only=True):
    """What a body may be.

    Attributes:
        max_bytes: as sent.
        strict: refuse fields the command does not have, and content types that are not JSON.
    """

    max_bytes: int = MAX_BODY_BYTES
    strict: bool = False


def check_stated(content_type: str | None, content_encoding: str | None, rules: BodyRules) -> None:
    """Refuse what a body says about itself.

    Raises:
        BadRequest: 415, it is compressed, or, with strict rules, of another type than JSON.
    """
    if content_encoding is not None and content_encoding.strip().lower() not in ("", "identity"):
        raise BadRequest("a compressed body is not read", code="unsupported_encoding", status=415)
    if rules.strict and not _may_be_json(content_type):
        raise _no_json()


def decode_body(body: bytes, content_type: str | None = None, *, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Return the JSON object of a request body; an empty body is an empty object.

    Raises:
        BadRequest: it is no JSON object, repeats a key, is nested too deep, or over `max_bytes`.
        InvalidPayload: it holds what no database stores: NUL, lone surrogates, integers that no float reaches.
    """
    if len(body) > max_bytes:
        raise BadRequest("the body is too large", code="body_too_large", status=413)
    if not body.strip():
        return {}
    value = _parse(body, content_type)
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object")
    escapes = b"\\u" in body
    if escapes or len(body) > _SMALL or body.count(b"{") + body.count(b"[") > 1:
        keys = _check(value, strings=escapes, integers=_MANY_DIGITS.search(body) is not None)
    else:
        keys = len(value)  # nothing inside anything: no depth to look into
    if _may_repeat(body, keys):
        _refuse_repeated(body)
    return value


def refuse_unfitting(command: type[Any], payload: dict[str, Any], bounds: BodyBounds, *, strict: bool = False) -> None:
    """Refuse values outside the bounds of their columns and, where `strict`, fields `command` does not have.

    What else is wrong with the payload is then reported along with it.

    Raises:
        InvalidPayload: one violation per field.
    """
    found = misfits(payload, bounds)
    if not (found or strict):
        return
    try:
        decode_command(command, payload, strict=strict)
    except InvalidPayload as error:
        found += [(v.field, v.message) for v in error.violations]
    if found:
        raise InvalidPayload(found)


def text_binder(binding: ParamBinding, *, in_query: bool = False) -> Callable[[Sequence[str]], Any]:
    """Return what turns the texts of a path or query value into the type `execute` declares.

    The last text counts, a list takes all of them; in a query an integer has 64 bits. The binder raises:
        ParameterBindingError: they cannot become one.
        InvalidPayload: they hold what no database stores.
    """
    name, annotation, many = binding.name, binding.annotation, takes_many(binding.annotation)

    def bind(texts: Sequence[str]) -> Any:
        if not all(map(is_storable, texts)):
            raise InvalidPayload([(name, "holds a character that cannot be stored")])
        try:
            value = msgspec.convert(list(texts) if many else texts[-1], annotation, strict=False)
        except (msgspec.ValidationError, TypeError):
            raise ParameterBindingError(name, type_name(annotation)) from None
        if not _is_plain_number(value, texts[-1]) or (in_query and _is_beyond_int64(value)):
            raise ParameterBindingError(name, type_name(annotation))
        return value

    return bind


def _is_beyond_int64(value: Any) -> bool:
    return any(
        INT64.problem(item) for item in (value if isinstance(value, list | tuple | set | frozenset) else (value,))
    )


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


def _is_plain_number(value: Any, text: str) -> bool:
    """Return whether a number is finite and, where whole, written in digits: `1e3` and `1.0` name no row."""
    if type(value) is int:
        return _INTEGER.fullmatch(text) is not None
    return not isinstance(value, float) or math.isfinite(value)


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


def _may_be_json(content_type: str | None) -> bool:
    """Return whether a body of this type, or of none, may be JSON."""
    media = (content_type or "").partition(";")[0].strip().lower()
    return media in ("", "application/json") or media.endswith("+json")


def _no_json() -> BadRequest:
    return BadRequest("the body must be JSON", code="unsupported_media_type", status=415)


def _parse(body: bytes, content_type: str | None) -> Any:
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError:
        raise BadRequest("the body holds a number that is out of range") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        if not _may_be_json(content_type):
            raise _no_json() from None
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
        _check(value, strings=True, integers=False)


def _may_repeat(body: bytes, keys: int) -> bool:
    """Return whether the body may name more keys than were read: a colon in a text is rarely behind a quote."""
    if body.count(b":") == keys:
        return False
    return body.count(b'":') > keys or any(spaced in body for spaced in _SPACED_COLONS)


_SPACED_COLONS = (b" :", b"\t:", b"\n:", b"\r:")


def _refuse_repeated(body: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise BadRequest("the body names a key twice", code="repeated_key")
        return found

    json.loads(body, object_pairs_hook=unique, parse_int=str, parse_float=str)


def _check(payload: Mapping[str, Any], *, strings: bool, integers: bool) -> int:
    """Walk without recursion and return the number of keys met.

    Args:
        strings, integers: look at every key and text, at every integer, and not only at depth.
    """
    level: list[tuple[str, Any]] = [(str(key), item) for key, item in payload.items()]
    keys = len(level)
    for _ in range(MAX_DEPTH):
        if strings or integers:
            _check_values(level, strings=strings, integers=integers)
        keys += sum(len(value) for _, value in level if isinstance(value, dict))
        level = [child for field, value in level for child in _children(field, value)]
        if not level:
            return keys
    raise BadRequest("the body is nested too deep")


def _check_values(level: list[tuple[str, Any]], *, strings: bool, integers: bool) -> None:
    for field, value in level:
        if strings and not (is_storable(field) and (not isinstance(value, str) or is_storable(value))):
            shown = field.replace("\x00", "").encode(errors="replace").decode()
            raise InvalidPayload([(shown, "holds a character that cannot be stored")])
        if integers and type(value) is int and not -_LARGEST < value < _LARGEST:
            raise InvalidPayload([(field, "is out of range")])


def _children(field: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        above = field[:_SHOWN]  # a long key over many others must not be copied for each of them
        yield from ((f"{above}.{key}", item) for key, item in value.items())
    elif isinstance(value, list):
        yield from ((field, item) for item in value)
